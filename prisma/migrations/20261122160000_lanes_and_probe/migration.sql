-- Deliveries wait in lanes, so that one receiver's backlog cannot hold up another's, and a closed provider's next probe
-- is kept apart from the wait that a Retry-After asked for.
--
-- Safe beside processes of the previous version: both columns may be left out of an insert. What they insert has an
-- empty lane of its own, and their claim, by due_at alone, still finds every delivery.

ALTER TABLE "delivery" ADD COLUMN "lane" TEXT NOT NULL DEFAULT '';
UPDATE "delivery" SET "lane" = "tenant_id" || ' ' || coalesce(substring("url" FROM '^[^:]+://[^/?#]*'), "url")
WHERE "due_at" IS NOT NULL;

CREATE INDEX "delivery_lane_idx" ON "delivery"("lane", "due_at", "id") WHERE "due_at" IS NOT NULL;
CREATE INDEX "delivery_leased_idx" ON "delivery"("lane") WHERE "lease_owner" IS NOT NULL;

ALTER TABLE "governor"
    ADD COLUMN "probe_at" TIMESTAMPTZ(6),
    DROP CONSTRAINT "governor_closed_probe";
