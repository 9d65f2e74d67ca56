-- Undoes migration.sql of this folder. Processes of this version must be stopped before; those of the previous one may
-- run. It forgets the policies of jobs (all hold from now on), the turns' virtual times and weights, the tenants'
-- limits, and the audit log: copy "audit" first if you must keep it.

DROP TABLE "audit";

-- The previous version has no breaker: it opens the governor, and meets the provider's errors one by one.
UPDATE "governor" SET "closed_reason" = NULL, "closed_detail" = NULL, "closed_at" = NULL, "blocked_until" = NULL
    WHERE "closed_reason" = 'errors';
ALTER TABLE "governor"
    DROP CONSTRAINT "governor_closed_reason",
    ADD CONSTRAINT "governor_closed_reason" CHECK ("closed_reason" IN ('funds','credentials')),
    DROP COLUMN "error_streak",
    DROP COLUMN "vt";

DROP INDEX "job_turn_idx";
ALTER TABLE "job"
    DROP COLUMN "resubmitted",
    DROP COLUMN "on_unknown";

ALTER TABLE "tenant"
    DROP COLUMN "max_in_flight",
    DROP COLUMN "vt",
    DROP COLUMN "weight";

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261122130000_policies_and_turns';
