-- Policies for unknown outcomes, fair turns among tenants, the breaker, and the audit log.
--
-- To undo it: drop the table "audit", the index "job_turn_idx", the columns added below,
-- and put back the CHECKs of job and governor as the first migration has them, after changing rows that break them.
--
-- Safe beside processes of the previous version: every new column has a default, which costs no rewrite, and nothing
-- that they read or write is taken away.

ALTER TABLE "tenant"
    ADD COLUMN "weight" INTEGER NOT NULL DEFAULT 1,
    ADD COLUMN "vt" DOUBLE PRECISION NOT NULL DEFAULT 0,
    ADD COLUMN "max_in_flight" INTEGER,
    ADD CONSTRAINT "tenant_weight_range" CHECK ("weight" BETWEEN 1 AND 1000),
    ADD CONSTRAINT "tenant_max_in_flight_range" CHECK ("max_in_flight" > 0);

ALTER TABLE "job"
    ADD COLUMN "on_unknown" TEXT NOT NULL DEFAULT 'hold',
    ADD COLUMN "resubmitted" BOOLEAN NOT NULL DEFAULT false,
    ADD CONSTRAINT "job_on_unknown_known" CHECK ("on_unknown" IN ('hold','fail','resubmit_once'));

-- The turn: within a class of priority one tenant after the other, and a tenant's jobs by age.
CREATE INDEX "job_turn_idx" ON "job"("priority", "tenant_id", "created_at", "id") WHERE "ready";

ALTER TABLE "governor"
    ADD COLUMN "vt" DOUBLE PRECISION NOT NULL DEFAULT 0,
    ADD COLUMN "error_streak" INTEGER NOT NULL DEFAULT 0,
    DROP CONSTRAINT "governor_closed_reason",
    ADD CONSTRAINT "governor_closed_reason" CHECK ("closed_reason" IN ('funds','credentials','errors'));

CREATE TABLE "audit" (
    "id" BIGSERIAL PRIMARY KEY,
    "tenant_id" TEXT NOT NULL REFERENCES "tenant"("id"),
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "data" JSONB NOT NULL DEFAULT '{}',
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX "audit_tenant_id_id_idx" ON "audit"("tenant_id", "id");
