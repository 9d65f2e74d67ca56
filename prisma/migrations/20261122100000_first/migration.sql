-- The first schema. To undo it: drop every table and the function below, and _prisma_migrations.
--
-- Three habits hold everywhere. Every invariant that one row can show is a CHECK, in both directions, so that no
-- writer, present or future, can leave a row that a sweep would not find. Sweeps read partial indexes on booleans or
-- nullable columns tied to `state` by such CHECKs, because partial indexes on `state IN (…)` make each compare-and-set
-- rewrite them. Every instant is the database's own.

-- Every stored id comes from here: a prefix, then 26 characters of Crockford's base 32, of which the first ten are the
-- database's clock in milliseconds, so that ids sort by time whichever process asked, and the rest are random.
CREATE FUNCTION "new_id"("prefix" TEXT) RETURNS TEXT LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT "prefix" || '_' || string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + CASE
        WHEN "place" < 10 THEN (("clock"."ms" >> (45 - 5 * "place")) & 31)::int
        ELSE get_byte("dice"."bytes", "place" - 10) & 31 END, 1), '' ORDER BY "place")
    FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "ms") AS "clock",
        (SELECT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex') AS "raw") AS "seed",
        -- Bytes 6 and 8 of a UUID hold its version and variant, so the sixteen taken here avoid both.
        LATERAL (SELECT substr("raw", 1, 6) || substr("raw", 10, 7) || substr("raw", 17, 3) AS "bytes") AS "dice",
        generate_series(0, 25) AS "place"
$$;

CREATE TABLE "tenant" (
    "id" TEXT PRIMARY KEY,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX "tenant_name_key" ON "tenant"("name");

CREATE TABLE "api_key" (
    "id" TEXT PRIMARY KEY,
    "tenant_id" TEXT NOT NULL REFERENCES "tenant"("id"),
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "scopes" TEXT[] NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "expires_at" TIMESTAMPTZ(6),
    "revoked_at" TIMESTAMPTZ(6)
);
CREATE UNIQUE INDEX "api_key_hash_key" ON "api_key"("hash");
CREATE INDEX "api_key_tenant_id_idx" ON "api_key"("tenant_id");

CREATE TABLE "webhook_secret" (
    "id" TEXT PRIMARY KEY,
    "tenant_id" TEXT NOT NULL REFERENCES "tenant"("id"),
    "sealed" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "expires_at" TIMESTAMPTZ(6)
);
CREATE INDEX "webhook_secret_tenant_id_idx" ON "webhook_secret"("tenant_id");

CREATE TABLE "job" (
    "id" TEXT PRIMARY KEY,
    "tenant_id" TEXT NOT NULL REFERENCES "tenant"("id"),
    "action" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "input" JSONB NOT NULL,
    "warnings" JSONB NOT NULL DEFAULT '[]',
    "idem_key" TEXT,
    "fingerprint" BYTEA NOT NULL,
    "external_id" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "tags" TEXT[] NOT NULL DEFAULT '{}',
    "webhook_url" TEXT,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "live" BOOLEAN NOT NULL DEFAULT true,
    "ready" BOOLEAN NOT NULL DEFAULT true,
    "priority" SMALLINT NOT NULL DEFAULT 1,
    "not_before" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "start_by" TIMESTAMPTZ(6) NOT NULL,
    "timeout_s" INTEGER NOT NULL,
    "hinted_at" TIMESTAMPTZ(6),
    "submission_seq" INTEGER NOT NULL DEFAULT 0,
    "submissions" SMALLINT NOT NULL DEFAULT 0,
    "max_submissions" SMALLINT NOT NULL,
    "settled_by" TEXT,
    "result" JSONB,
    "error" JSONB,
    "charged" TEXT NOT NULL DEFAULT 'no',
    "cost_points" INTEGER,
    "surplus_results" INTEGER NOT NULL DEFAULT 0,
    "cancel_requested_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "submitted_at" TIMESTAMPTZ(6),
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "finished_at" TIMESTAMPTZ(6),
    CONSTRAINT "job_state_known" CHECK ("state" IN ('queued','submitting','rendering','unknown','overdue','succeeded','failed','cancelled','expired')),
    CONSTRAINT "job_live_state" CHECK ("live" = ("state" IN ('queued','submitting','rendering','unknown','overdue'))),
    CONSTRAINT "job_ready_state" CHECK ("ready" = ("state" = 'queued')),
    CONSTRAINT "job_final_finished" CHECK (("finished_at" IS NULL) = "live"),
    CONSTRAINT "job_succeeded_result" CHECK ("state" <> 'succeeded' OR "result" IS NOT NULL),
    -- A cancelled job keeps a result that was paid for before the cancel could take effect.
    CONSTRAINT "job_result_state" CHECK ("result" IS NULL OR "state" IN ('succeeded','cancelled')),
    CONSTRAINT "job_error_state" CHECK (("error" IS NOT NULL) = ("state" IN ('failed','expired'))),
    CONSTRAINT "job_charged_known" CHECK ("charged" IN ('no','possible','yes')),
    CONSTRAINT "job_submissions_budget" CHECK ("submissions" BETWEEN 0 AND "max_submissions"),
    -- A queued job cancels at once, so a pending request is only ever seen on a job that has been sent.
    CONSTRAINT "job_cancel_state" CHECK ("cancel_requested_at" IS NULL OR "state" <> 'queued')
);
CREATE UNIQUE INDEX "job_idem_key" ON "job"("tenant_id", "idem_key") WHERE "idem_key" IS NOT NULL;
CREATE UNIQUE INDEX "job_external_id_key" ON "job"("tenant_id", "external_id") WHERE "external_id" IS NOT NULL;
CREATE INDEX "job_ready_idx" ON "job"("priority", "created_at", "id") WHERE "ready";
CREATE INDEX "job_start_by_idx" ON "job"("start_by") WHERE "ready";
CREATE INDEX "job_idem_age_idx" ON "job"("created_at") WHERE "idem_key" IS NOT NULL;
CREATE INDEX "job_tenant_id_idx" ON "job"("tenant_id", "id" DESC);
CREATE INDEX "job_tenant_state_idx" ON "job"("tenant_id", "state", "id" DESC);

CREATE TABLE "submission" (
    "id" TEXT PRIMARY KEY,
    "job_id" TEXT NOT NULL REFERENCES "job"("id"),
    "n" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'intent',
    "live" BOOLEAN NOT NULL DEFAULT true,
    "lease_owner" TEXT,
    "lease_until" TIMESTAMPTZ(6),
    "provider_task_id" TEXT,
    "http_status" INTEGER,
    "charged" TEXT NOT NULL DEFAULT 'possible',
    "output" JSONB,
    "error" JSONB,
    "intent_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "answered_at" TIMESTAMPTZ(6),
    "callback_due_at" TIMESTAMPTZ(6) NOT NULL,
    "overdue_at" TIMESTAMPTZ(6),
    "settled_at" TIMESTAMPTZ(6),
    CONSTRAINT "submission_state_known" CHECK ("state" IN ('intent','accepted','unknown','succeeded','failed','rejected','lapsed')),
    CONSTRAINT "submission_live_state" CHECK ("live" = ("state" IN ('intent','accepted','unknown'))),
    CONSTRAINT "submission_lease_state" CHECK (("lease_until" IS NOT NULL) = ("state" = 'intent')),
    CONSTRAINT "submission_settled_state" CHECK (("settled_at" IS NULL) = "live"),
    CONSTRAINT "submission_succeeded_output" CHECK ("state" <> 'succeeded' OR ("output" IS NOT NULL AND "charged" = 'yes')),
    CONSTRAINT "submission_charged_known" CHECK ("charged" IN ('no','possible','yes'))
);
CREATE UNIQUE INDEX "submission_job_id_n_key" ON "submission"("job_id", "n");
-- The promise "never pay twice" in one line: a second live submission of a job cannot be written.
CREATE UNIQUE INDEX "submission_one_live_key" ON "submission"("job_id") WHERE "live";
CREATE INDEX "submission_lease_idx" ON "submission"("lease_until") WHERE "lease_until" IS NOT NULL;
CREATE INDEX "submission_due_idx" ON "submission"("callback_due_at") WHERE "live";

CREATE TABLE "callback" (
    "id" BIGSERIAL PRIMARY KEY,
    "submission_id" TEXT NOT NULL,
    "body_sha" BYTEA NOT NULL,
    "body" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "reason" TEXT,
    "received_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    CONSTRAINT "callback_outcome_known" CHECK ("outcome" IN ('settled','surplus','progress','ignored','quarantined'))
);
CREATE UNIQUE INDEX "callback_submission_id_body_sha_key" ON "callback"("submission_id", "body_sha");

CREATE TABLE "timeline" (
    "id" BIGSERIAL PRIMARY KEY,
    "job_id" TEXT NOT NULL REFERENCES "job"("id"),
    "type" TEXT NOT NULL,
    "data" JSONB NOT NULL DEFAULT '{}',
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX "timeline_job_id_id_idx" ON "timeline"("job_id", "id");

CREATE TABLE "event" (
    "id" TEXT PRIMARY KEY,
    "tenant_id" TEXT NOT NULL REFERENCES "tenant"("id"),
    "job_id" TEXT NOT NULL REFERENCES "job"("id"),
    "type" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL DEFAULT 1,
    "snapshot" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX "event_job_id_type_sequence_key" ON "event"("job_id", "type", "sequence");
CREATE INDEX "event_tenant_id_id_idx" ON "event"("tenant_id", "id");

CREATE TABLE "delivery" (
    "id" TEXT PRIMARY KEY,
    "event_id" TEXT NOT NULL REFERENCES "event"("id"),
    "tenant_id" TEXT NOT NULL REFERENCES "tenant"("id"),
    "url" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(6) DEFAULT now(),
    "lease_owner" TEXT,
    "last_status" INTEGER,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "finished_at" TIMESTAMPTZ(6),
    CONSTRAINT "delivery_state_known" CHECK ("state" IN ('pending','delivered','exhausted','aborted')),
    CONSTRAINT "delivery_due_state" CHECK (("due_at" IS NOT NULL) = ("state" = 'pending')),
    CONSTRAINT "delivery_finished_state" CHECK (("finished_at" IS NULL) = ("state" = 'pending'))
);
CREATE UNIQUE INDEX "delivery_event_id_url_key" ON "delivery"("event_id", "url");
CREATE INDEX "delivery_due_idx" ON "delivery"("due_at") WHERE "due_at" IS NOT NULL;

CREATE TABLE "attempt" (
    "delivery_id" TEXT NOT NULL REFERENCES "delivery"("id"),
    "n" INTEGER NOT NULL,
    "outcome" TEXT NOT NULL,
    "status" INTEGER,
    "error" TEXT,
    "excerpt" TEXT,
    "duration_ms" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    PRIMARY KEY ("delivery_id", "n")
);

CREATE TABLE "governor" (
    "provider" TEXT PRIMARY KEY,
    "rate_count" INTEGER NOT NULL,
    "rate_window_ms" INTEGER NOT NULL,
    "concurrency" INTEGER NOT NULL,
    "grants" TIMESTAMPTZ(6)[] NOT NULL DEFAULT '{}',
    "blocked_until" TIMESTAMPTZ(6),
    "closed_reason" TEXT,
    "closed_detail" TEXT,
    "closed_at" TIMESTAMPTZ(6),
    CONSTRAINT "governor_limits" CHECK ("rate_count" > 0 AND "rate_window_ms" > 0 AND "concurrency" > 0),
    CONSTRAINT "governor_closed_reason" CHECK ("closed_reason" IN ('funds','credentials')),
    CONSTRAINT "governor_closed_at" CHECK (("closed_reason" IS NULL) = ("closed_at" IS NULL)),
    -- A closed governor always knows when it may send its next probe, so it can never stay closed by itself.
    CONSTRAINT "governor_closed_probe" CHECK ("closed_reason" IS NULL OR "blocked_until" IS NOT NULL)
);

CREATE TABLE "provider_slot" (
    "provider" TEXT NOT NULL REFERENCES "governor"("provider"),
    "slot" INTEGER NOT NULL,
    "submission_id" TEXT,
    PRIMARY KEY ("provider", "slot")
);
CREATE UNIQUE INDEX "provider_slot_submission_id_key" ON "provider_slot"("submission_id");
