-- The claim reads ready jobs in its own order, from job_ready_idx. While the planner's statistics still say that nothing
-- is queued, an index on start_by WHERE "ready" looks just as cheap, and then every claim sorts the whole backlog: ten
-- times slower at 9,000 jobs. With "live" in its predicate only a statement that asks for it, the expire sweep, can use
-- it. To undo it: create the index again WHERE "ready".
DROP INDEX "job_start_by_idx";
CREATE INDEX "job_start_by_idx" ON "job"("start_by") WHERE "ready" AND "live";
