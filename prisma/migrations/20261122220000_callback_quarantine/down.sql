-- Undoes migration.sql of this folder. Processes of this version must be stopped before; those of the previous one may
-- run. Forgotten is when a callback left the quarantine, not what came of it.

DROP INDEX "callback_quarantined_idx";
ALTER TABLE "callback"
    DROP CONSTRAINT "callback_released",
    DROP COLUMN "released_at";

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261122220000_callback_quarantine';
