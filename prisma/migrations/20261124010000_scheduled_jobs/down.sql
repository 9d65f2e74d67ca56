-- Undoes migration.sql of this folder. Processes of this version must be stopped before; those of the previous one may
-- run. It loses nothing but the speed of claims beside many jobs whose time lies ahead: what was scheduled is queued with
-- its not_before.

DROP INDEX "job_scheduled_idx";
DROP INDEX "job_due_turn_idx";
ALTER TABLE "job" DROP COLUMN "scheduled";

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261124010000_scheduled_jobs';
