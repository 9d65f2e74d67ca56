-- A tenant's virtual time moves to a row of its own: every claim writes it, and every foreign key reads the tenant.
-- tenant.vt is no longer read; the next release drops it.
--
-- Safe beside processes of the previous version. They go on with tenant.vt: while workers of both claim, tenants may have
-- their turns a little unevenly.

CREATE TABLE "tenant_turn" (
    "tenant_id" TEXT PRIMARY KEY REFERENCES "tenant"("id"),
    "vt" DOUBLE PRECISION NOT NULL DEFAULT 0
);
INSERT INTO "tenant_turn" ("tenant_id", "vt") SELECT "id", "vt" FROM "tenant";
