-- Grants are numbered: the provider's slots are its running submissions, and its rate window is the instants of the latest.
-- "provider_slot" and governor.grants are no longer read; the next release drops them.
--
-- Safe beside processes of the previous version, whose submissions have no number and are counted as well. They do not
-- count those of this one: while workers of both claim, up to twice as many as the limits say may be under way, which the
-- provider answers with 429 and everyone waits. Whoever wants to be spared that stops the old workers first.

ALTER TABLE "governor"
    ADD COLUMN "granted" BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN "oldest_running" BIGINT NOT NULL DEFAULT 0;

ALTER TABLE "submission" ADD COLUMN "grant_no" BIGINT;
CREATE UNIQUE INDEX "submission_grant_no_key" ON "submission"("grant_no");
CREATE INDEX "submission_running_idx" ON "submission"("grant_no") WHERE "live" AND "overdue_at" IS NULL;
