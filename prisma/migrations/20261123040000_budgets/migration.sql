-- Budgets: what a tenant, or one of its keys, may spend in a day, in a month or at all; and what each job counts.
--
-- Safe beside processes of the previous version. Their jobs have no estimate, so they reserve nothing and are never refused;
-- what they cost counts when it is known. While the index is built no job is written: it holds no row yet, but all are read.

ALTER TABLE "job"
    ADD COLUMN "key_id" TEXT,
    ADD COLUMN "price_class" TEXT,
    ADD COLUMN "video_seconds" INTEGER,
    ADD COLUMN "estimate_points" INTEGER,
    ADD CONSTRAINT "job_estimate_range" CHECK ("estimate_points" >= 0);
-- What was paid lately for the same. A job comes in with its end, and most never change again.
CREATE INDEX "job_price_idx" ON "job"("action", "price_class", "finished_at") INCLUDE ("cost_points")
    WHERE "price_class" IS NOT NULL AND "cost_points" IS NOT NULL AND "finished_at" IS NOT NULL;

-- What a job counts is a function of its row alone: a live one reserves the greater of what it is expected to cost and what
-- it has cost, and an ended one has used what it cost, or what was expected where a charge has no price or cannot be
-- excluded.
CREATE FUNCTION "job_reserved_points"("live" BOOLEAN, "cost" INTEGER, "estimate" INTEGER) RETURNS BIGINT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (CASE WHEN "live" THEN greatest(coalesce("cost", 0), coalesce("estimate", 0), 0) ELSE 0 END)::bigint
$$;
CREATE FUNCTION "job_used_points"("live" BOOLEAN, "charged" TEXT, "cost" INTEGER, "estimate" INTEGER) RETURNS BIGINT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (CASE WHEN "live" OR "charged" = 'no' THEN 0 ELSE greatest(coalesce("cost", "estimate", 0), 0) END)::bigint
$$;

CREATE TABLE "budget" (
    "id" BIGSERIAL PRIMARY KEY,
    "tenant_id" TEXT NOT NULL REFERENCES "tenant"("id"),
    "key_id" TEXT REFERENCES "api_key"("id"),
    "period" TEXT NOT NULL,
    "limit_points" BIGINT NOT NULL,
    "counted_from" TIMESTAMPTZ(6) NOT NULL,
    "checked_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    CONSTRAINT "budget_period_known" CHECK ("period" IN ('day','month','total')),
    CONSTRAINT "budget_limit_range" CHECK ("limit_points" >= 0)
);
CREATE UNIQUE INDEX "budget_owner_period_key" ON "budget"("tenant_id", (coalesce("key_id", '')), "period");

-- The counter of one period.
CREATE TABLE "budget_period" (
    "budget_id" BIGINT NOT NULL REFERENCES "budget"("id"),
    "starts_at" TIMESTAMPTZ(6) NOT NULL,
    "used" BIGINT NOT NULL DEFAULT 0,
    "reserved" BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY ("budget_id", "starts_at")
);

-- What is still to be added to a counter. Whoever ends a job writes a line here and locks no counter, so that a settle never
-- waits for money, and sweeps that end several jobs cannot wait for each other. No foreign key: it would lock the budget.
CREATE TABLE "budget_change" (
    "budget_id" BIGINT NOT NULL,
    "starts_at" TIMESTAMPTZ(6) NOT NULL,
    "id" BIGSERIAL NOT NULL,
    "used" BIGINT NOT NULL,
    "reserved" BIGINT NOT NULL,
    PRIMARY KEY ("budget_id", "starts_at", "id")
);

-- The beginning, in UTC, of the period that an instant is in.
CREATE FUNCTION "budget_start"("period" TEXT, "at" TIMESTAMPTZ) RETURNS TIMESTAMPTZ LANGUAGE sql STABLE AS $$
    SELECT CASE "period" WHEN 'total' THEN to_timestamp(0) ELSE date_trunc("period", "at", 'UTC') END
$$;

-- The budgets that a job falls under, and which period of each. Those that began to count later leave it out.
CREATE FUNCTION "budgets_of"("tenant" TEXT, "key" TEXT, "at" TIMESTAMPTZ)
RETURNS TABLE ("budget_id" BIGINT, "starts_at" TIMESTAMPTZ) LANGUAGE sql STABLE AS $$
    SELECT "id", "budget_start"("period", "at") FROM "budget"
    WHERE "tenant_id" = "tenant" AND ("key_id" IS NULL OR "key_id" = "key") AND "budget_start"("period", "at") >= "counted_from"
$$;

-- A text that sorts before every id of the prefix made at that instant or later: 45 bits of milliseconds, as new_id writes them.
CREATE FUNCTION "id_before"("prefix" TEXT, "at" TIMESTAMPTZ) RETURNS TEXT LANGUAGE sql STABLE AS $$
    SELECT "prefix" || '_' || string_agg(
        substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + (("ms" >> (45 - 5 * "place")) & 31)::int, 1), '' ORDER BY "place")
    FROM (SELECT floor(extract(epoch FROM "at") * 1000)::bigint AS "ms") AS "clock", generate_series(0, 9) AS "place"
$$;

-- Holds a tenant's budgets as they are to the end of the transaction. A change of which budgets there are takes the same
-- lock alone, so whoever counts rows sees each job with what it counts, or is seen by it.
CREATE FUNCTION "hold_budgets"("tenant" TEXT) RETURNS VOID LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared(402, hashtext("tenant"))
$$;
CREATE FUNCTION "take_budgets"("tenant" TEXT) RETURNS VOID LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(402, hashtext("tenant"))
$$;

-- Reserves what a new job counts, or raises RL402 with the budget that does not allow it, which undoes the whole insert. Each
-- statement in here sees what was committed before it began. Counters are locked last, and in the order of their ids.
CREATE FUNCTION "reserve_points"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    "points" CONSTANT BIGINT := "job_reserved_points"(NEW."live", NEW."cost_points", NEW."estimate_points");
    "spent" CONSTANT BIGINT := "job_used_points"(NEW."live", NEW."charged", NEW."cost_points", NEW."estimate_points");
    "excess" TEXT;
BEGIN
    PERFORM "hold_budgets"(NEW."tenant_id");
    IF NOT EXISTS (SELECT FROM "budget" WHERE "tenant_id" = NEW."tenant_id") THEN
        RETURN NULL;
    END IF;
    INSERT INTO "budget_period" ("budget_id", "starts_at")
        SELECT "due".* FROM "budgets_of"(NEW."tenant_id", NEW."key_id", NEW."created_at") AS "due"
        WHERE NOT EXISTS (SELECT FROM "budget_period" AS "p"
            WHERE "p"."budget_id" = "due"."budget_id" AND "p"."starts_at" = "due"."starts_at")
        ORDER BY "due"."budget_id" ON CONFLICT DO NOTHING;
    PERFORM FROM "budget_period" AS "p"
        JOIN "budgets_of"(NEW."tenant_id", NEW."key_id", NEW."created_at") AS "due"
            ON "p"."budget_id" = "due"."budget_id" AND "p"."starts_at" = "due"."starts_at"
        ORDER BY "p"."budget_id" FOR UPDATE OF "p";
    WITH "due" AS MATERIALIZED (SELECT * FROM "budgets_of"(NEW."tenant_id", NEW."key_id", NEW."created_at")),
    "folded" AS (
        DELETE FROM "budget_change" AS "c" USING "due"
        WHERE "c"."budget_id" = "due"."budget_id" AND "c"."starts_at" = "due"."starts_at" RETURNING "c".*),
    "sums" AS (SELECT "budget_id", sum("used") AS "used", sum("reserved") AS "reserved" FROM "folded" GROUP BY 1)
    UPDATE "budget_period" AS "p"
    SET "used" = "p"."used" + coalesce("sums"."used", 0) + "spent",
        "reserved" = "p"."reserved" + coalesce("sums"."reserved", 0) + "points"
    FROM "due" LEFT JOIN "sums" ON "sums"."budget_id" = "due"."budget_id"
    WHERE "p"."budget_id" = "due"."budget_id" AND "p"."starts_at" = "due"."starts_at";
    -- What asks for nothing is not refused.
    IF "points" = 0 THEN
        RETURN NULL;
    END IF;
    SELECT json_build_object('key_id', "budget"."key_id", 'period', "budget"."period", 'starts_at', "p"."starts_at",
            'limit_points', "budget"."limit_points", 'used_points', "p"."used",
            'reserved_points', "p"."reserved" - "points", 'needed_points', "points")::text
        INTO "excess"
        FROM "budgets_of"(NEW."tenant_id", NEW."key_id", NEW."created_at") AS "due"
        JOIN "budget" ON "budget"."id" = "due"."budget_id"
        JOIN "budget_period" AS "p" ON "p"."budget_id" = "due"."budget_id" AND "p"."starts_at" = "due"."starts_at"
        WHERE "p"."used" + "p"."reserved" > "budget"."limit_points"
        ORDER BY "budget"."limit_points" - "p"."used" - "p"."reserved", "budget"."id" LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'RL402', MESSAGE = 'a budget does not allow this job', DETAIL = "excess";
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER "job_reserves_points" AFTER INSERT ON "job" FOR EACH ROW EXECUTE FUNCTION "reserve_points"();

-- Notes what a job counts more or less than before, whatever changed it. It refuses nothing: what is paid is paid.
CREATE FUNCTION "note_points"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM "hold_budgets"(NEW."tenant_id");
    INSERT INTO "budget_change" ("budget_id", "starts_at", "used", "reserved")
        SELECT "due".*,
            "job_used_points"(NEW."live", NEW."charged", NEW."cost_points", NEW."estimate_points")
                - "job_used_points"(OLD."live", OLD."charged", OLD."cost_points", OLD."estimate_points"),
            "job_reserved_points"(NEW."live", NEW."cost_points", NEW."estimate_points")
                - "job_reserved_points"(OLD."live", OLD."cost_points", OLD."estimate_points")
        FROM "budgets_of"(NEW."tenant_id", NEW."key_id", NEW."created_at") AS "due";
    RETURN NULL;
END $$;
CREATE TRIGGER "job_moves_points" AFTER UPDATE OF "live", "charged", "cost_points", "estimate_points" ON "job" FOR EACH ROW
WHEN ("job_used_points"(OLD."live", OLD."charged", OLD."cost_points", OLD."estimate_points")
        <> "job_used_points"(NEW."live", NEW."charged", NEW."cost_points", NEW."estimate_points")
    OR "job_reserved_points"(OLD."live", OLD."cost_points", OLD."estimate_points")
        <> "job_reserved_points"(NEW."live", NEW."cost_points", NEW."estimate_points"))
EXECUTE FUNCTION "note_points"();

-- What the jobs of the period count, from their rows. Index: job_tenant_id_idx, by the time that is in an id; the id is never
-- older than created_at.
CREATE FUNCTION "count_points"("tenant" TEXT, "key" TEXT, "since" TIMESTAMPTZ, OUT "used" BIGINT, OUT "reserved" BIGINT)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum("job_used_points"("live", "charged", "cost_points", "estimate_points")), 0)::bigint,
        coalesce(sum("job_reserved_points"("live", "cost_points", "estimate_points")), 0)::bigint
    FROM "job" WHERE "tenant_id" = "tenant" AND ("key" IS NULL OR "key_id" = "key")
        AND "id" >= "id_before"('job', "since") AND "created_at" >= "since"
$$;

-- Counts a budget's present period from the rows, and begins anew with that.
CREATE FUNCTION "recount_budget"("of_budget" BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    "of_tenant" TEXT := (SELECT "tenant_id" FROM "budget" WHERE "id" = "of_budget");
    "start" TIMESTAMPTZ;
BEGIN
    PERFORM "take_budgets"("of_tenant");
    UPDATE "budget" SET "counted_from" = "budget_start"("period", clock_timestamp()) WHERE "id" = "of_budget"
        RETURNING "counted_from" INTO "start";
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- Before its lines, as whoever folds them in does, lest the two wait for each other.
    PERFORM FROM "budget_period" WHERE "budget_id" = "of_budget" ORDER BY "starts_at" FOR UPDATE;
    DELETE FROM "budget_change" WHERE "budget_id" = "of_budget";
    INSERT INTO "budget_period" ("budget_id", "starts_at", "used", "reserved")
        SELECT "id", "start", "counted"."used", "counted"."reserved"
        FROM "budget", "count_points"("tenant_id", "key_id", "start") AS "counted" WHERE "id" = "of_budget"
        ON CONFLICT ("budget_id", "starts_at") DO UPDATE SET "used" = excluded."used", "reserved" = excluded."reserved";
END $$;

-- Makes the budget, or gives the one that there is another limit. Two that come at once make one, and the later limit holds.
CREATE FUNCTION "set_budget"("of_tenant" TEXT, "of_key" TEXT, "of_period" TEXT, "points" BIGINT) RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
    "which" BIGINT;
BEGIN
    UPDATE "budget" SET "limit_points" = "points", "updated_at" = now()
        WHERE "tenant_id" = "of_tenant" AND "key_id" IS NOT DISTINCT FROM "of_key" AND "period" = "of_period"
        RETURNING "id" INTO "which";
    IF FOUND THEN
        RETURN "which";
    END IF;
    PERFORM "take_budgets"("of_tenant");
    INSERT INTO "budget" ("tenant_id", "key_id", "period", "limit_points", "counted_from")
        VALUES ("of_tenant", "of_key", "of_period", "points", now())
        ON CONFLICT ("tenant_id", (coalesce("key_id", '')), "period")
        DO UPDATE SET "limit_points" = excluded."limit_points", "updated_at" = now()
        RETURNING "id" INTO "which";
    PERFORM "recount_budget"("which");
    RETURN "which";
END $$;

-- Removes the budget with all that was counted; whether there was one.
CREATE FUNCTION "end_budget"("of_tenant" TEXT, "of_key" TEXT, "of_period" TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
    "which" BIGINT;
BEGIN
    PERFORM "take_budgets"("of_tenant");
    SELECT "id" INTO "which" FROM "budget"
        WHERE "tenant_id" = "of_tenant" AND "key_id" IS NOT DISTINCT FROM "of_key" AND "period" = "of_period" FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM "budget_period" WHERE "budget_id" = "which";
    DELETE FROM "budget_change" WHERE "budget_id" = "which";
    DELETE FROM "budget" WHERE "id" = "which";
    RETURN true;
END $$;
