-- Jobs whose time lies ahead stay out of the claim's way: however many there are, a claim reads none of them.
--
-- Safe beside processes of the previous version: the column has a default. What they queue for later is in the claim's
-- index as it was in theirs, and is passed by until its time; they claim by "ready" and "not_before" as ever, and what
-- they claim or end leaves both indexes with "ready".

ALTER TABLE "job" ADD COLUMN "scheduled" BOOLEAN NOT NULL DEFAULT false;

-- The turn, as job_turn_idx has it, of the jobs whose time has come. With IS TRUE only a statement in these very words can
-- use it, and such a statement can use no index WHERE "ready". Written as two conditions, either would do for the planner,
-- and after a long queue has left this one large and empty, the other can look cheaper, with all that is scheduled in it.
CREATE INDEX "job_due_turn_idx" ON "job"("priority", "tenant_id", "created_at", "id") WHERE ("ready" AND NOT "scheduled") IS TRUE;

-- The jobs that wait for their time, apart for each class and tenant, so that the backlog of one holds up no other.
CREATE INDEX "job_scheduled_idx" ON "job"("priority", "tenant_id", "not_before", "created_at", "id")
    WHERE ("ready" AND "scheduled") IS TRUE;

UPDATE "job" SET "scheduled" = true WHERE "ready" AND "not_before" > now();
