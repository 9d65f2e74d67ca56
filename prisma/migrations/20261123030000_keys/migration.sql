-- Who made a key, when it was last used and which one it replaces, and tenants that may be disabled.
--
-- Safe beside processes of the previous version: every new column may be null, which costs no rewrite, and they neither
-- read nor write it. A tenant that is disabled is so for processes of this version alone.

ALTER TABLE "api_key"
    ADD COLUMN "last_used_at" TIMESTAMPTZ(6),
    ADD COLUMN "created_by" TEXT,
    ADD COLUMN "rotated_from" TEXT,
    ADD CONSTRAINT "api_key_rotated_from_fkey" FOREIGN KEY ("rotated_from") REFERENCES "api_key"("id")
        ON DELETE NO ACTION ON UPDATE NO ACTION;

ALTER TABLE "tenant" ADD COLUMN "disabled_at" TIMESTAMPTZ(6);
