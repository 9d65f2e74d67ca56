-- Undoes migration.sql of this folder. Processes of this version must be stopped before; those of the previous one may
-- run. Jobs that were removed stay so, and it forgets what they cost: budgets over all time and GET /v1/usage lose it, so
-- keep a copy of "usage_day" if that matters. Feeds no longer tell that something was removed.

ALTER TABLE "budget_change" RESET (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_insert_threshold);
ALTER TABLE "budget_period" RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE "governor" RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE "tenant_turn" RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE "job_label" RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE "callback" RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE "attempt" RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE "event" RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE "timeline" RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE "delivery" RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE "submission" RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE "job" RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);

CREATE OR REPLACE FUNCTION "count_points"("tenant" TEXT, "key" TEXT, "since" TIMESTAMPTZ, OUT "used" BIGINT, OUT "reserved" BIGINT)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum("job_used_points"("live", "charged", "cost_points", "estimate_points")), 0)::bigint,
        coalesce(sum("job_reserved_points"("live", "cost_points", "estimate_points")), 0)::bigint
    FROM "job" WHERE "tenant_id" = "tenant" AND ("key" IS NULL OR "key_id" = "key")
        AND "id" >= "id_before"('job', "since") AND "created_at" >= "since"
$$;
ALTER FUNCTION "labels_of"(TEXT[], JSONB) ROWS 1000;

DROP INDEX "budget_key_id_idx";
DROP INDEX "api_key_rotated_from_idx";
DROP INDEX "replay_open_idx";
DROP TABLE "prune_turn";
DROP TABLE "feed_mark";
DROP TABLE "usage_day";

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261124000000_retention';
