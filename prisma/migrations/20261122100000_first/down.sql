-- Undoes migration.sql of this folder, and with it everything that was ever stored.

DROP TABLE "provider_slot", "governor", "attempt", "delivery", "event", "timeline", "callback", "submission", "job",
    "webhook_secret", "api_key", "tenant";
DROP FUNCTION "new_id"(TEXT);

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261122100000_first';
