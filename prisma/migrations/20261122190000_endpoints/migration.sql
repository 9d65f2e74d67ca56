-- Endpoints: URLs of a tenant that hear of every event they ask for, with secrets, a schedule, and limits of their own.
--
-- Safe beside processes of the previous version: every new column has a default or may be empty. They write no events for
-- endpoints, and would attempt a delivery to one at the URL that it was born with, signed by the tenant's secrets; so start
-- endpoints only when every process is of this version.

CREATE TABLE "endpoint" (
    "id" TEXT PRIMARY KEY,
    "tenant_id" TEXT NOT NULL REFERENCES "tenant"("id"),
    "url" TEXT NOT NULL,
    "description" TEXT,
    "events" TEXT[] NOT NULL,
    "sealed_headers" TEXT,
    "schedule_s" INTEGER[],
    "rate_per_s" DOUBLE PRECISION,
    "concurrency" INTEGER NOT NULL,
    "ordered" BOOLEAN NOT NULL DEFAULT false,
    "disabled_at" TIMESTAMPTZ(6),
    "disabled_reason" TEXT,
    "failing_since" TIMESTAMPTZ(6),
    "failure_streak" INTEGER NOT NULL DEFAULT 0,
    "warned_at" TIMESTAMPTZ(6),
    "probe_at" TIMESTAMPTZ(6),
    "paced_until" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "deleted_at" TIMESTAMPTZ(6),
    CONSTRAINT "endpoint_events" CHECK (cardinality("events") BETWEEN 1 AND 20),
    CONSTRAINT "endpoint_schedule" CHECK (cardinality("schedule_s") BETWEEN 1 AND 20),
    CONSTRAINT "endpoint_rate" CHECK ("rate_per_s" > 0),
    CONSTRAINT "endpoint_concurrency" CHECK ("concurrency" BETWEEN 1 AND 100),
    CONSTRAINT "endpoint_disabled_reason" CHECK ("disabled_reason" IN ('by_request','gone','asked','failing')),
    CONSTRAINT "endpoint_disabled_at" CHECK (("disabled_at" IS NULL) = ("disabled_reason" IS NULL)),
    CONSTRAINT "endpoint_failing" CHECK (("failing_since" IS NULL) = ("failure_streak" = 0)),
    -- Strict order leaves no room for two at once.
    CONSTRAINT "endpoint_ordered" CHECK (NOT "ordered" OR "concurrency" = 1)
);
CREATE INDEX "endpoint_tenant_id_idx" ON "endpoint"("tenant_id", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "endpoint_failing_idx" ON "endpoint"("failing_since") WHERE "failing_since" IS NOT NULL;

ALTER TABLE "webhook_secret"
    ADD COLUMN "endpoint_id" TEXT REFERENCES "endpoint"("id"),
    ADD COLUMN "public_key" TEXT;
CREATE INDEX "webhook_secret_endpoint_id_idx" ON "webhook_secret"("endpoint_id") WHERE "endpoint_id" IS NOT NULL;

ALTER TABLE "delivery"
    ADD COLUMN "endpoint_id" TEXT REFERENCES "endpoint"("id"),
    ADD COLUMN "round_from" INTEGER NOT NULL DEFAULT 0,
    DROP CONSTRAINT "delivery_state_known",
    ADD CONSTRAINT "delivery_state_known" CHECK ("state" IN ('pending','delivered','exhausted','aborted','held')),
    DROP CONSTRAINT "delivery_finished_state",
    ADD CONSTRAINT "delivery_finished_state" CHECK (("finished_at" IS NULL) = ("state" IN ('pending','held'))),
    ADD CONSTRAINT "delivery_round" CHECK ("round_from" BETWEEN 0 AND "attempts");
-- Two endpoints may have one URL, and a job may name the URL of an endpoint: each is owed the event.
DROP INDEX "delivery_event_id_url_key";
CREATE UNIQUE INDEX "delivery_event_target_key" ON "delivery"("event_id", (coalesce("endpoint_id", "url")));
CREATE INDEX "delivery_endpoint_id_idx" ON "delivery"("endpoint_id", "id") WHERE "endpoint_id" IS NOT NULL;
CREATE INDEX "delivery_held_idx" ON "delivery"("endpoint_id", "id") WHERE "state" = 'held';
CREATE INDEX "delivery_endpoint_open_idx" ON "delivery"("endpoint_id") WHERE "state" IN ('pending','held');
-- The order in which an ordered endpoint hears of events is that of their birth, whenever they are due.
CREATE INDEX "delivery_order_idx" ON "delivery"("lane", "id") WHERE "due_at" IS NOT NULL;

ALTER TABLE "attempt"
    ADD COLUMN "class" TEXT,
    ADD COLUMN "phase" TEXT,
    ADD COLUMN "url" TEXT,
    ADD COLUMN "timings" JSONB,
    ADD COLUMN "next_at" TIMESTAMPTZ(6);

-- What is about an endpoint, such as a ping, is about no job.
ALTER TABLE "event"
    ALTER COLUMN "job_id" DROP NOT NULL,
    ADD COLUMN "is_test" BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN "position" BIGINT NOT NULL DEFAULT 0;

-- What an endpoint is to be sent again: a walk over past events that goes on where it was, whoever walks.
CREATE TABLE "replay" (
    "id" TEXT PRIMARY KEY,
    "tenant_id" TEXT NOT NULL REFERENCES "tenant"("id"),
    "endpoint_id" TEXT NOT NULL REFERENCES "endpoint"("id"),
    "types" TEXT[] NOT NULL,
    "states" TEXT[] NOT NULL,
    "since" TIMESTAMPTZ(6) NOT NULL,
    "until" TIMESTAMPTZ(6) NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'running',
    "after_id" TEXT NOT NULL,
    "total" INTEGER NOT NULL,
    "sent" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "finished_at" TIMESTAMPTZ(6),
    CONSTRAINT "replay_state_known" CHECK ("state" IN ('running','paused','cancelled','finished')),
    CONSTRAINT "replay_finished_state" CHECK (("finished_at" IS NULL) = ("state" IN ('running','paused'))),
    CONSTRAINT "replay_times" CHECK ("since" < "until")
);
CREATE INDEX "replay_endpoint_id_idx" ON "replay"("endpoint_id", "id");
CREATE INDEX "replay_running_idx" ON "replay"("id") WHERE "state" = 'running';

-- Ids sort by birth, but a statement that began earlier may commit later, and whoever read up to the later id would never
-- see the earlier one. So the feed goes by the transaction's number, and reads only below every one that is still open. The
-- base keeps positions growing in a cluster that a backup was restored into, whose transactions count anew.
CREATE TABLE "event_clock" (
    "id" BOOLEAN PRIMARY KEY DEFAULT true,
    "base" BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT "event_clock_single" CHECK ("id")
);
INSERT INTO "event_clock" DEFAULT VALUES;
CREATE FUNCTION "event_position"() RETURNS BIGINT LANGUAGE sql VOLATILE AS $$
    SELECT "base" + pg_current_xact_id()::text::bigint FROM "event_clock"
$$;
ALTER TABLE "event" ALTER COLUMN "position" SET DEFAULT "event_position"();
CREATE INDEX "event_feed_idx" ON "event"("tenant_id", "position", "id");
