-- Callbacks that were set aside can be listed, counted and taken up again.
--
-- Safe beside processes of the previous version: they neither read nor write the column. While the index is built no
-- callback is written; a receiver keeps what comes meanwhile on its disk.

ALTER TABLE "callback" ADD COLUMN "released_at" TIMESTAMPTZ(6);
ALTER TABLE "callback" ADD CONSTRAINT "callback_released" CHECK ("released_at" IS NULL OR "outcome" <> 'quarantined');

-- Holds only what is set aside, so that nobody pays for it who writes an ordinary callback.
CREATE INDEX "callback_quarantined_idx" ON "callback"("id") WHERE "outcome" = 'quarantined';
