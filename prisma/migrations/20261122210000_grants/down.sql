-- Undoes migration.sql of this folder. Processes of this version must be stopped before; those of the previous one may
-- run. The numbers of grants are forgotten; the slots of what runs are taken again.

DROP INDEX "submission_running_idx", "submission_grant_no_key";
ALTER TABLE "submission" DROP COLUMN "grant_no";
ALTER TABLE "governor" DROP COLUMN "granted", DROP COLUMN "oldest_running";

UPDATE "provider_slot" SET "submission_id" = NULL WHERE "submission_id" IS NOT NULL;
UPDATE "provider_slot" SET "submission_id" = "running"."id"
FROM (SELECT "id", row_number() OVER (ORDER BY "id") - 1 AS "n" FROM "submission" WHERE "live" AND "overdue_at" IS NULL) AS "running"
WHERE "slot" = "running"."n";

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261122210000_grants';
