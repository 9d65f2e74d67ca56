-- Forgets nothing. The index stays: the release before this one may have made it, and reads it.
DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261123000000_open_deliveries';
