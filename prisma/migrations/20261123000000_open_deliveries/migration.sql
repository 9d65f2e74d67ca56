-- The deliveries that a deleted endpoint is still owed are found by this index. Databases that were migrated after
-- 20261122190000_endpoints had been edited have it already; those that were migrated before lack it.
CREATE INDEX IF NOT EXISTS "delivery_endpoint_open_idx" ON "delivery"("endpoint_id") WHERE "state" IN ('pending','held');
