import { z } from "zod";
import type { TalliedBatch } from "../domain/batch-record.ts";
import { type Charge, charges, jobStates } from "../domain/job.ts";
import { idSchema, instant } from "./ids.ts";
import { charged, jobSchema } from "./job-view.ts";
import { problemCodes } from "./problem.ts";

/** A batch as the API shows it. */
export const batchSchema = z
	.strictObject({
		id: idSchema("batch"),
		state: z.enum(["running", "finished"]).meta({
			description: "finished once every job has ended.",
		}),
		size: z.int().min(0).meta({ description: "How many jobs it has." }),
		counts: z
			.strictObject(
				Object.fromEntries(
					jobStates.map((state) => [state, z.int().min(0)]),
				) as Record<(typeof jobStates)[number], z.ZodInt>,
			)
			.meta({ description: "How many of its jobs are in each state." }),
		cost: z.strictObject({
			points: z.int().nullable().meta({
				description: "What the provider says that it took, over all jobs.",
			}),
			charged,
		}),
		metadata: z.record(z.string(), z.string()),
		webhook_url: z.string().nullable(),
		created_at: instant,
		finished_at: instant.nullable(),
		links: z.strictObject({
			self: z.string(),
			jobs: z.string(),
			cancel: z.string(),
		}),
	})
	.meta({ id: "Batch" });
export type BatchView = z.infer<typeof batchSchema>;

/** What became of one item of a request. */
export const batchItemResultSchema = z
	.strictObject({
		index: z.int().min(0).meta({
			description: "Its place in the request, from 0.",
		}),
		outcome: z.enum(["accepted", "replayed", "refused"]).meta({
			description:
				"accepted: it is a job of this batch. replayed: its idempotency_key has made a job before, which is shown and is not of this batch. refused: see problem.",
		}),
		job: jobSchema.nullable(),
		problem: z
			.strictObject({ code: z.enum(problemCodes), detail: z.string() })
			.nullable(),
	})
	.meta({ id: "BatchItemResult" });
export type BatchItemResult = z.infer<typeof batchItemResultSchema>;

/** What `POST /v1/batches` answers with. */
export const createdBatchSchema = batchSchema
	.extend({ items: z.array(batchItemResultSchema) })
	.meta({ id: "CreatedBatch" });

/** A batch as `GET`, the list and its event show it. */
export function presentBatch(batch: TalliedBatch): BatchView {
	const { tally, finished_at } = batch;
	const self = `/v1/batches/${batch.id}`;
	const known = tally.filter(({ points }) => points !== null);
	return {
		id: batch.id,
		state: finished_at === null ? "running" : "finished",
		size: batch.size,
		counts: Object.fromEntries(
			jobStates.map((state) => [
				state,
				sum(
					tally
						.filter((kind) => kind.state === state)
						.map(({ count }) => count),
				),
			]),
		) as BatchView["counts"],
		cost: {
			points:
				known.length === 0 ? null : sum(known.map(({ points }) => points ?? 0)),
			charged: worst(tally.map((kind) => kind.charged)),
		},
		metadata: batch.metadata as BatchView["metadata"],
		webhook_url: batch.webhook_url,
		created_at: new Date(batch.created_at).toISOString(),
		finished_at:
			finished_at === null ? null : new Date(finished_at).toISOString(),
		links: {
			self,
			jobs: `/v1/jobs?batch=${batch.id}`,
			cancel: `${self}/cancel`,
		},
	};
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}

/** yes if any is, else possible if any is. */
function worst(found: readonly Charge[]): Charge {
	return (
		[...charges].reverse().find((charge) => found.includes(charge)) ?? "no"
	);
}
