-- Undoes migration.sql of this folder. Processes of this version must be stopped before; those of the previous one may
-- run. It forgets when keys were last used, who made them and which they replaced, and that tenants were disabled: their
-- keys may do everything again, so revoke those that must not. The scope "operator" stays in keys that have it, and
-- opens nothing there.

ALTER TABLE "tenant" DROP COLUMN "disabled_at";

ALTER TABLE "api_key"
    DROP COLUMN "rotated_from",
    DROP COLUMN "created_by",
    DROP COLUMN "last_used_at";

DELETE FROM "_prisma_migrations" WHERE "migration_name" = '20261123030000_keys';
