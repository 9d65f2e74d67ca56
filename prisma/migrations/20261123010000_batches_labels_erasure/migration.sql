-- Batches, jobs that try another one again, jobs whose content is erased, and what lists are filtered by.

CREATE TABLE "batch" (
    "id" TEXT PRIMARY KEY,
    "tenant_id" TEXT NOT NULL REFERENCES "tenant"("id"),
    "idem_key" TEXT,
    "fingerprint" BYTEA NOT NULL,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "webhook_url" TEXT,
    "size" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "finished_at" TIMESTAMPTZ(6),
    CONSTRAINT "batch_size" CHECK ("size" BETWEEN 0 AND 100)
);
CREATE UNIQUE INDEX "batch_idem_key" ON "batch"("tenant_id", "idem_key") WHERE "idem_key" IS NOT NULL;
CREATE INDEX "batch_idem_age_idx" ON "batch"("created_at") WHERE "idem_key" IS NOT NULL;
CREATE INDEX "batch_tenant_id_id_idx" ON "batch"("tenant_id", "id" DESC);
CREATE INDEX "batch_open_idx" ON "batch"("id") WHERE "finished_at" IS NULL;

ALTER TABLE "job"
    ADD COLUMN "batch_id" TEXT REFERENCES "batch"("id"),
    ADD COLUMN "retry_of" TEXT,
    ADD COLUMN "erased_at" TIMESTAMPTZ(6),
    -- When what arrived after the erasure is erased too.
    ADD COLUMN "erase_again_at" TIMESTAMPTZ(6),
    ADD CONSTRAINT "job_erased_final" CHECK ("erased_at" IS NULL OR NOT "live");
CREATE INDEX "job_batch_id_idx" ON "job"("batch_id", "id") WHERE "batch_id" IS NOT NULL;
CREATE INDEX "job_batch_live_idx" ON "job"("batch_id") WHERE "batch_id" IS NOT NULL AND "live";
CREATE UNIQUE INDEX "job_retry_of_key" ON "job"("retry_of") WHERE "retry_of" IS NOT NULL;
CREATE INDEX "job_erase_again_idx" ON "job"("erase_again_at") WHERE "erase_again_at" IS NOT NULL;
CREATE INDEX "job_tenant_mode_idx" ON "job"("tenant_id", "mode", "id" DESC);
CREATE INDEX "job_tenant_error_idx" ON "job"("tenant_id", ("error"->>'code'), "id" DESC) WHERE "error" IS NOT NULL;
CREATE INDEX "job_finished_idx" ON "job"("finished_at") WHERE "finished_at" IS NOT NULL;

-- The tags and metadata of jobs, each as 12 bytes of a hash, so that a page of those that have one is read from an index in
-- its order. Written once, with the job: an index on the job's own columns would be written again whenever its state changes.
CREATE TABLE "job_label" (
    "tenant_id" TEXT NOT NULL,
    "label" BYTEA NOT NULL,
    "job_id" TEXT NOT NULL,
    PRIMARY KEY ("tenant_id", "label", "job_id")
);

CREATE FUNCTION "label_of"("name" TEXT, "value" TEXT) RETURNS BYTEA LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT substring(sha256(convert_to("name" || '=' || "value", 'UTF8')) FROM 1 FOR 12)
$$;

CREATE FUNCTION "labels_of"("tags" TEXT[], "metadata" JSONB) RETURNS SETOF BYTEA LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT "label_of"('tag', "tag") FROM unnest("tags") AS "tag"
    UNION
    SELECT "label_of"('metadata.' || "key", "value") FROM jsonb_each_text("metadata")
$$;

-- By a trigger, because processes of the release before this one insert jobs too.
CREATE FUNCTION "label_job"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "job_label" ("tenant_id", "label", "job_id")
    SELECT NEW."tenant_id", "label", NEW."id" FROM "labels_of"(NEW."tags", NEW."metadata") AS "label"
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER "job_labelled" AFTER INSERT ON "job" FOR EACH ROW
    WHEN (NEW."tags" <> '{}' OR NEW."metadata" <> '{}') EXECUTE FUNCTION "label_job"();

INSERT INTO "job_label" ("tenant_id", "label", "job_id")
SELECT "tenant_id", "label", "id" FROM "job", "labels_of"("tags", "metadata") AS "label"
WHERE "tags" <> '{}' OR "metadata" <> '{}';
