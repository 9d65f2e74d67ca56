-- Undoes migration.sql of this folder. Processes of this version must be stopped before; those of the previous one may
-- run. Budgets are gone, and which key made a job, what it was expected to cost, and how long its video is.

DROP TRIGGER "job_moves_points" ON "job";
DROP TRIGGER "job_reserves_points" ON "job";
DROP FUNCTION "end_budget"(TEXT, TEXT, TEXT);
DROP FUNCTION "set_budget"(TEXT, TEXT, TEXT, BIGINT);
DROP FUNCTION "recount_budget"(BIGINT);
DROP FUNCTION "count_points"(TEXT, TEXT, TIMESTAMPTZ);
DROP FUNCTION "note_points"();
DROP FUNCTION "reserve_points"();
DROP FUNCTION "take_budgets"(TEXT);
DROP FUNCTION "hold_budgets"(TEXT);
DROP FUNCTION "id_before"(TEXT, TIMESTAMPTZ);
DROP FUNCTION "budgets_of"(TEXT, TEXT, TIMESTAMPTZ);
DROP FUNCTION "budget_start"(TEXT, TIMESTAMPTZ);
DROP TABLE "budget_change";
DROP TABLE "budget_period";
DROP TABLE "budget";
DROP FUNCTION "job_used_points"(BOOLEAN, TEXT, INTEGER, INTEGER);
DROP FUNCTION "job_reserved_points"(BOOLEAN, INTEGER, INTEGER);
DROP INDEX "job_price_idx";
ALTER TABLE "job"
    DROP CONSTRAINT "job_estimate_range",
    DROP COLUMN "estimate_points",
    DROP COLUMN "video_seconds",
    DROP COLUMN "price_class",
    DROP COLUMN "key_id";

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261123040000_budgets';
