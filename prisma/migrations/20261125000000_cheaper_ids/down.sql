-- Undoes migration.sql of this folder. Processes of either version may run; it loses nothing but speed.

CREATE OR REPLACE FUNCTION "new_id"("prefix" TEXT) RETURNS TEXT LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT "prefix" || '_' || string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + CASE
        WHEN "place" < 10 THEN (("clock"."ms" >> (45 - 5 * "place")) & 31)::int
        ELSE get_byte("dice"."bytes", "place" - 10) & 31 END, 1), '' ORDER BY "place")
    FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "ms") AS "clock",
        (SELECT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex') AS "raw") AS "seed",
        -- Bytes 6 and 8 of a UUID hold its version and variant, so the sixteen taken here avoid both.
        LATERAL (SELECT substr("raw", 1, 6) || substr("raw", 10, 7) || substr("raw", 17, 3) AS "bytes") AS "dice",
        generate_series(0, 25) AS "place"
$$;

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261125000000_cheaper_ids';
