-- Undoes migration.sql of this folder. Processes of this version must be stopped before; those of the previous one may
-- run. Deliveries are then claimed by their due time alone, whoever they are for.

DROP INDEX "delivery_leased_idx";
DROP INDEX "delivery_lane_idx";
ALTER TABLE "delivery" DROP COLUMN "lane";

-- The former version waits for its next probe in blocked_until.
UPDATE "governor" SET "blocked_until" = greatest("blocked_until", "probe_at", now()) WHERE "closed_reason" IS NOT NULL;
ALTER TABLE "governor"
    DROP COLUMN "probe_at",
    ADD CONSTRAINT "governor_closed_probe" CHECK ("closed_reason" IS NULL OR "blocked_until" IS NOT NULL);

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261122160000_lanes_and_probe';
