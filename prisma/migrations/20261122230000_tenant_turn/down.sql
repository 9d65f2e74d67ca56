-- Undoes migration.sql of this folder. Processes of this version must be stopped before; those of the previous one may
-- run. Nothing is forgotten.

UPDATE "tenant" SET "vt" = "tenant_turn"."vt" FROM "tenant_turn" WHERE "tenant_id" = "tenant"."id";
DROP TABLE "tenant_turn";

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261122230000_tenant_turn';
