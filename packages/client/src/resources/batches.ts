import type {
	Batch,
	BatchPage,
	CancelledBatch,
	CreateBatch,
	CreatedBatch,
	Operations,
} from "../generated/api.ts";
import { type Paged, pagedByCursor } from "../paged.ts";
import type { RequestOptions, Transport } from "../transport/transport.ts";
import type { CreateOptions } from "./jobs.ts";

type ListBatches = Operations["listBatches"]["query"];

/** What `reelay.batches` can do. */
export type Batches = ReturnType<typeof createBatches>;

/** The routes of /v1/batches. Its jobs are those of `jobs.list({ batch: id })`. */
export function createBatches(transport: Transport) {
	return {
		/** Accepts up to a hundred jobs together. Safe to repeat, and repeated by itself, as `jobs.create` is. */
		async create(
			body: CreateBatch,
			options: CreateOptions = {},
		): Promise<CreatedBatch> {
			return (await transport.call("createBatch", { body }, options)).body;
		},

		/** The batch as it is now: how many of its jobs are in each state, and what they cost. */
		async get(id: string, options?: RequestOptions): Promise<Batch> {
			return (await transport.call("getBatch", { path: { id } }, options)).body;
		},

		/** Your batches, newest first. */
		list(
			query: ListBatches = {},
			options?: RequestOptions,
		): Paged<Batch, BatchPage> {
			return pagedByCursor<Batch, ListBatches>(
				query,
				async (asked) =>
					(await transport.call("listBatches", { query: asked }, options)).body,
			);
		},

		/** Cancels each of its jobs, and says what that did. */
		async cancel(
			id: string,
			options?: RequestOptions,
		): Promise<CancelledBatch> {
			const repeatable = { ...options, isRepeatable: true };
			return (await transport.call("cancelBatch", { path: { id } }, repeatable))
				.body;
		},
	};
}
