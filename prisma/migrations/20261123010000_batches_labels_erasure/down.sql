-- Undoes migration.sql of this folder. Processes of this version must be stopped before; those of the previous one may
-- run. Forgets which jobs were one batch, with the keys and metadata of batches, and of which job a job is another try.
-- What was erased stays erased. Events of batches lose their deliveries with them, because the release before this one
-- has no such event.

DELETE FROM "attempt" WHERE "delivery_id" IN (
    SELECT "delivery"."id" FROM "delivery" JOIN "event" ON "event"."id" = "event_id" WHERE "type" = 'batch.finished');
DELETE FROM "delivery" WHERE "event_id" IN (SELECT "id" FROM "event" WHERE "type" = 'batch.finished');
DELETE FROM "event" WHERE "type" = 'batch.finished';

DROP TRIGGER "job_labelled" ON "job";
DROP FUNCTION "label_job";
DROP FUNCTION "labels_of";
DROP FUNCTION "label_of";
DROP TABLE "job_label";

DROP INDEX "job_finished_idx";
DROP INDEX "job_tenant_error_idx";
DROP INDEX "job_tenant_mode_idx";
ALTER TABLE "job"
    DROP COLUMN "batch_id",
    DROP COLUMN "retry_of",
    DROP COLUMN "erased_at",
    DROP COLUMN "erase_again_at";
DROP TABLE "batch";

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261123010000_batches_labels_erasure';
