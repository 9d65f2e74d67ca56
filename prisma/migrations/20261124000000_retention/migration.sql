-- Retention: what has ended is removed after a time, its money stays as sums, and a feed tells what it has lost. And how
-- the tables that this and the engine write most are vacuumed.
--
-- Safe beside processes of the previous version. They neither read nor write what is new, and remove nothing; while they
-- run, GET /v1/usage of their api lacks the jobs that a worker of this version has removed, and says so nowhere: set
-- RETENTION_JOBS_DAYS=off until they are gone, if jobs are older than that already. Budgets are right in both, because
-- what counts them is a function of the database. No statement here rewrites a table or scans a large one.

-- What removed jobs have cost, by whatever usage can be told apart: one row of sums for each day and kind of job. The tags
-- are in the key as a hash, because twenty of them are longer than an index entry may be; an empty key_id is none.
CREATE TABLE "usage_day" (
    "tenant_id" TEXT NOT NULL REFERENCES "tenant"("id"),
    "day" DATE NOT NULL,
    "mode" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "tags_sha" BYTEA NOT NULL,
    "tags" TEXT[] NOT NULL,
    "jobs" BIGINT NOT NULL,
    "submissions" BIGINT NOT NULL,
    "video_seconds" BIGINT NOT NULL,
    "spent_points" BIGINT NOT NULL,
    PRIMARY KEY ("tenant_id", "day", "mode", "state", "key_id", "tags_sha")
);

-- The last event of each tenant's feed that was removed. A reader who is behind it has read everything before what is left.
CREATE TABLE "feed_mark" (
    "tenant_id" TEXT PRIMARY KEY REFERENCES "tenant"("id"),
    "position" BIGINT NOT NULL,
    "event_id" TEXT NOT NULL
);

-- Whose turn it is to be removed, from which row on, and when; one row. While a worker is at it the time is its lease, so
-- that all workers together remove no faster than one, and whoever dies leaves a turn that is free again a minute later.
CREATE TABLE "prune_turn" (
    "id" BOOLEAN PRIMARY KEY DEFAULT true,
    "kind" TEXT NOT NULL DEFAULT 'jobs',
    "after_id" TEXT NOT NULL DEFAULT '',
    "next_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    CONSTRAINT "prune_turn_single" CHECK ("id")
);
INSERT INTO "prune_turn" DEFAULT VALUES;

-- What an open replay may still send is kept; there are few at any time.
CREATE INDEX "replay_open_idx" ON "replay"("tenant_id") WHERE "finished_at" IS NULL;
-- Whoever removes a key asks which keys and budgets name it.
CREATE INDEX "api_key_rotated_from_idx" ON "api_key"("rotated_from") WHERE "rotated_from" IS NOT NULL;
CREATE INDEX "budget_key_id_idx" ON "budget"("key_id") WHERE "key_id" IS NOT NULL;

-- A job has a few labels, and not the thousand that Postgres guesses of any function: with a thousand for each it would
-- rather read the whole table than look for them.
ALTER FUNCTION "labels_of"(TEXT[], JSONB) ROWS 10;

-- As before, and what removed jobs of the period have counted. Those had ended, and no charge of theirs is in doubt.
CREATE OR REPLACE FUNCTION "count_points"("tenant" TEXT, "key" TEXT, "since" TIMESTAMPTZ, OUT "used" BIGINT, OUT "reserved" BIGINT)
LANGUAGE sql STABLE AS $$
    SELECT (coalesce(sum("job_used_points"("live", "charged", "cost_points", "estimate_points")), 0)
            + (SELECT coalesce(sum("spent_points"), 0) FROM "usage_day" WHERE "tenant_id" = "tenant"
                AND ("key" IS NULL OR "key_id" = "key") AND "day" >= ("since" AT TIME ZONE 'UTC')::date))::bigint,
        coalesce(sum("job_reserved_points"("live", "cost_points", "estimate_points")), 0)::bigint
    FROM "job" WHERE "tenant_id" = "tenant" AND ("key" IS NULL OR "key_id" = "key")
        AND "id" >= "id_before"('job', "since") AND "created_at" >= "since"
$$;

-- Autovacuum waits until a fifth of a table is dead. Of ten million jobs that is two million: until then what finds ready,
-- running and due rows reads past the entries of all that was, and one vacuum then runs for an hour. So a fiftieth, and a
-- thousand rows at least: often enough that claims stay short, and seldom enough that a vacuum, which reads every index of
-- the table, is worth it. The planner's counts follow as often, for a backlog that grows is one that they do not know.
ALTER TABLE "job" SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE "submission" SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE "delivery" SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

-- Written once and removed at the other end. The insert factor lets a vacuum mark and freeze what has come in small parts,
-- instead of a year of it at once when transaction numbers run short; the other one gives removed rows' room to new ones
-- before the table has grown by a fifth.
ALTER TABLE "timeline" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE "event" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE "attempt" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE "callback" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE "job_label" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

-- A few rows that every claim, insert or end of a job writes, in columns that no index has. With half of each page left free a
-- new version finds room beside the former one, so that no index is written (HOT) and any reader cleans the page up. A
-- share of so few rows means nothing: a number of dead ones does. The fill factor holds for pages that are written from now
-- on, and such tables write all of theirs anew within minutes.
ALTER TABLE "tenant_turn" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
ALTER TABLE "governor" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
ALTER TABLE "budget_period" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
-- A line is written and folded in within seconds: the table is as good as empty, and all that it had is dead.
ALTER TABLE "budget_change" SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_threshold = -1);
