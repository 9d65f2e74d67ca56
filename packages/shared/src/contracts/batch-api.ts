import { z } from "zod";
import { maxBatchSize } from "../domain/batch.ts";
import { createJobSchema, idempotencyKeySchema } from "./job-api.ts";
import { cursor, limitOf } from "./page.ts";

/** One item of a batch: a job as it is created, and a key of its own. */
export const batchItemSchema = createJobSchema
	.extend({
		idempotency_key: idempotencyKeySchema.nullish().meta({
			description:
				"A name of your own for this item, one with the header Idempotency-Key of a job that is created alone.",
		}),
	})
	.meta({ id: "BatchItem", required: ["input"] });

/** The body of `POST /v1/batches`, whose items are checked one by one. */
export const createBatchSchema = z
	.strictObject({
		jobs: z.array(z.unknown()).min(1).max(maxBatchSize),
		webhook_url: z.string().nullish().meta({
			description: "Gets one event, signed, when every job has ended.",
		}),
		metadata: createJobSchema.shape.metadata,
	})
	.meta({ id: "CreateBatchEnvelope" });

/** The same as documents show it. */
export const createBatchDocument = createBatchSchema
	.extend({
		jobs: z.array(batchItemSchema).min(1).max(maxBatchSize),
	})
	.meta({ id: "CreateBatch" });

/** The query of `GET /v1/batches`. */
export const listBatchesSchema = z.strictObject({
	limit: limitOf(100, 20),
	cursor,
});
