-- Undoes migration.sql of this folder. It loses nothing but the speed of claims from a large backlog.

DROP INDEX "job_start_by_idx";
CREATE INDEX "job_start_by_idx" ON "job"("start_by") WHERE "ready";

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261122110000_start_by_index';
