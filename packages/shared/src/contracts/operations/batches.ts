import { z } from "zod";
import { createBatchDocument, listBatchesSchema } from "../batch-api.ts";
import { batchSchema, createdBatchSchema } from "../batch-view.ts";
import { exampleIds, idSchema } from "../ids.ts";
import { idempotencyKeySchema } from "../job-api.ts";
import { pageOf } from "../page.ts";
import { exampleBatch, exampleJob } from "../samples.ts";
import type { Operation } from "./operation.ts";

const tag = "Batches";
const path = { id: idSchema("batch") };
const examplePath = { id: exampleIds.batch };

/** What a cancel did to the jobs of a batch. */
export const cancelledBatchSchema = batchSchema
	.extend({
		cancel: z.strictObject({
			cancelled: z.int().meta({
				description: "Had not been sent, and are ended free of charge.",
			}),
			requested: z.int().meta({
				description:
					"Were sent, cannot be stopped, and end as cancelled when their results arrive.",
			}),
			none: z.int().meta({ description: "Had ended before." }),
		}),
	})
	.meta({ id: "CancelledBatch" });

const createBatch: Operation = {
	id: "createBatch",
	method: "post",
	route: "/v1/batches",
	tag,
	summary: "Accept up to a hundred jobs together",
	description:
		"All or nothing where there are mistakes: each is listed with its pointer, and none of the jobs is accepted. An item whose own key has made a job before, or whose external_id is taken, is told of in items and is no job of the batch. When every job has ended, one event batch.finished tells so. With an Idempotency-Key the whole batch is safe to repeat.",
	scope: "jobs:write",
	headers: {
		"Idempotency-Key": idempotencyKeySchema.meta({
			description:
				"A name of your own for this batch. The same key with another batch is refused.",
		}),
	},
	body: { schema: createBatchDocument, isRequired: true },
	answers: [
		{
			status: 202,
			description: "The batch is accepted, or was by an earlier request.",
			schema: createdBatchSchema,
			headers: ["Location", "Idempotency-Replayed"],
		},
	],
	problems: ["budget_exceeded", "idempotency_key_reused"],
	examples: [
		{
			summary: "Two jobs",
			headers: { "Idempotency-Key": "campaign-1" },
			body: {
				jobs: [
					{
						input: { prompt: "A paper boat on a quiet lake", duration: "5" },
						idempotency_key: "campaign-1-boat",
					},
					{
						input: { prompt: "A kite above the dunes", duration: "5" },
						external_id: "campaign-1-kite",
						priority: "low",
					},
				],
				metadata: { campaign: "spring" },
				webhook_url: "https://example.com/reelay",
			},
			status: 202,
			answer: {
				...exampleBatch("running"),
				items: [0, 1].map((index) => ({
					index,
					outcome: "accepted",
					job: { ...exampleJob("queued"), batch_id: exampleIds.batch },
					problem: null,
				})),
			},
		},
	],
};

const listBatches: Operation = {
	id: "listBatches",
	method: "get",
	route: "/v1/batches",
	tag,
	summary: "List batches, newest first",
	scope: "jobs:read",
	query: listBatchesSchema,
	answers: [
		{
			status: 200,
			description: "A page of batches.",
			schema: pageOf(batchSchema).meta({ id: "BatchPage" }),
		},
	],
	examples: [
		{
			summary: "The last ones",
			query: { limit: "10" },
			status: 200,
			answer: {
				data: [exampleBatch("finished")],
				has_more: false,
				next_cursor: null,
			},
		},
	],
};

const getBatch: Operation = {
	id: "getBatch",
	method: "get",
	route: "/v1/batches/{id}",
	tag,
	summary: "Read a batch",
	description: "Its jobs are those of GET /v1/jobs with batch.",
	scope: "jobs:read",
	path,
	answers: [{ status: 200, description: "The batch.", schema: batchSchema }],
	examples: [
		{
			summary: "One whose jobs have ended",
			path: examplePath,
			status: 200,
			answer: exampleBatch("finished"),
		},
	],
};

const cancelBatch: Operation = {
	id: "cancelBatch",
	method: "post",
	route: "/v1/batches/{id}/cancel",
	tag,
	summary: "Cancel every job of a batch",
	description:
		"Each as if it were cancelled alone; asking twice changes nothing more.",
	scope: "jobs:write",
	path,
	answers: [
		{
			status: 200,
			description: "The batch, and what the cancel did.",
			schema: cancelledBatchSchema,
		},
	],
	examples: [
		{
			summary: "One of two had been sent",
			path: examplePath,
			status: 200,
			answer: {
				...exampleBatch("running"),
				cancel: { cancelled: 1, requested: 1, none: 0 },
			},
		},
	],
};

/** The operations of /v1/batches. */
export const batchOperations: readonly Operation[] = [
	createBatch,
	listBatches,
	getBatch,
	cancelBatch,
];
