import {
	batchItemSchema,
	type createBatchSchema,
} from "@reelay/shared/contracts/batch-api";
import type { BatchItemResult } from "@reelay/shared/contracts/batch-view";
import { presentJob } from "@reelay/shared/contracts/job-view";
import type { TalliedBatch } from "@reelay/shared/domain/batch-record";
import type { JobRecord } from "@reelay/shared/domain/job-record";
import type { Violation } from "@reelay/shared/domain/violation";
import { ProblemError } from "@reelay/shared/runtime/problem-details";
import { insertBatch, type NewJob } from "@reelay/shared/store/accept";
import {
	findBatch,
	findBatchByIdempotencyKey,
	listJobsOfBatch,
} from "@reelay/shared/store/batches";
import type { Database } from "@reelay/shared/store/database";
import type { z } from "zod";
import {
	type CreateJobDeps,
	externalIdTaken,
	findReplayed,
	invalidRequest,
	newJobOf,
} from "./create-job.ts";
import { fingerprint } from "./fingerprint.ts";
import { problemFor } from "./problem.ts";
import { validateJob } from "./validate-job.ts";

// More lines help nobody, and a hostile body can hold tens of thousands.
const mostMistakes = 200;

export type CreateBatchInput = {
	tenantId: string;
	keyId: string;
	idempotencyKey: string | null;
	body: z.output<typeof createBatchSchema>;
};

export type CreatedBatch = {
	batch: TalliedBatch;
	items: BatchItemResult[];
	wasReplayed: boolean;
};

/**
 * Accepts up to a hundred jobs in one commit. A mistake in any of them refuses all, each with its pointer, before anything
 * is accepted. An item whose own key has made a job before is answered with that job, and one whose external id is taken is
 * refused by itself, for both may be a repeat; neither is a job of this batch. The header's key repeats the batch as a whole.
 */
export async function createBatch(
	deps: CreateJobDeps,
	request: CreateBatchInput,
): Promise<CreatedBatch> {
	const { tenantId, idempotencyKey, body } = request;
	const jobs = toNewJobs(deps, request);
	for (const job of jobs) job.price = await deps.estimatePrice(job);
	const print = fingerprint({
		...body,
		jobs: jobs.map((job) => job.fingerprint.toString("hex")),
	});
	const created = await insertBatch(
		deps.db,
		{
			tenantId,
			idempotencyKey,
			fingerprint: print,
			metadata: body.metadata ?? {},
			webhookUrl: body.webhook_url ?? null,
		},
		jobs,
	);
	if (created === null) return replayBatch(deps.db, request, { jobs, print });
	const born = [...created.jobs.values()];
	if (born.length > 0) {
		deps.ringer.enqueue(
			"submit",
			born.map(({ id }) => id),
		);
	}
	const count = born.length;
	return {
		batch: {
			...created.batch,
			tally: [{ state: "queued", charged: "no", count, points: null }],
		},
		items: await describeItems(deps.db, jobs, created.jobs),
		wasReplayed: false,
	};
}

function toNewJobs(deps: CreateJobDeps, request: CreateBatchInput): NewJob[] {
	const { tenantId, keyId, body } = request;
	const violations: Violation[] = [];
	const webhook = body.webhook_url ?? null;
	const refusal = webhook === null ? null : deps.checkWebhookUrl(webhook);
	if (refusal !== null) {
		violations.push({
			pointer: "/webhook_url",
			code: "invalid_url",
			message: refusal,
		});
	}
	const jobs: NewJob[] = [];
	for (const [index, raw] of body.jobs.entries()) {
		const { key, item } = splitKey(raw);
		const parsedKey = batchItemSchema.shape.idempotency_key.safeParse(key);
		const validation = validateJob(item, deps.checkWebhookUrl);
		const found = validation.ok ? [] : validation.violations;
		if (!parsedKey.success) {
			found.push({
				pointer: "/idempotency_key",
				code: "invalid_format",
				message: "is 1 to 255 printable ASCII characters",
			});
		}
		violations.push(
			...found.map((one) => ({
				...one,
				pointer: `/jobs/${index}${one.pointer}`,
			})),
		);
		if (validation.ok && parsedKey.success) {
			const idempotencyKey = parsedKey.data ?? null;
			const asked = { tenantId, keyId, idempotencyKey };
			jobs.push(newJobOf(deps, asked, validation.job));
		}
	}
	if (violations.length > 0) {
		throw invalidRequest(violations.slice(0, mostMistakes));
	}
	return jobs;
}

/** An item's own key, and the rest, which is what the body of a single job is. */
function splitKey(raw: unknown): { key: unknown; item: unknown } {
	if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
		return { key: undefined, item: raw };
	}
	const entries = Object.entries(raw);
	return {
		key: (raw as { idempotency_key?: unknown }).idempotency_key,
		item: Object.fromEntries(
			entries.filter(([name]) => name !== "idempotency_key"),
		),
	};
}

/** Why an item became no job of the batch: by now whatever was in its way is committed. */
async function explain(
	db: Database,
	index: number,
	job: NewJob,
): Promise<BatchItemResult> {
	try {
		const earlier = await findReplayed(db, job);
		if (earlier !== null) {
			return {
				index,
				outcome: "replayed",
				job: presentJob(earlier),
				problem: null,
			};
		}
		throw externalIdTaken(job.externalId ?? "");
	} catch (error) {
		if (!(error instanceof ProblemError)) throw error;
		const { code, detail } = error;
		const problem = { code, detail } as BatchItemResult["problem"];
		return { index, outcome: "refused", job: null, problem };
	}
}

async function replayBatch(
	db: Database,
	{ tenantId, idempotencyKey }: CreateBatchInput,
	{ jobs, print }: { jobs: NewJob[]; print: Buffer },
): Promise<CreatedBatch> {
	const earlier =
		idempotencyKey === null
			? null
			: await findBatchByIdempotencyKey(db, tenantId, idempotencyKey);
	if (earlier !== null && !print.equals(earlier.fingerprint)) {
		throw problemFor("idempotency_key_reused", {
			detail:
				"This Idempotency-Key was sent with another batch within the last 24 hours; send the same batch, or a new key.",
		});
	}
	const batch =
		earlier === null ? null : await findBatch(db, tenantId, earlier.id);
	if (batch === null) {
		// The key's day ended between the two statements. Nothing was written.
		throw problemFor("unavailable", {
			detail: "The batch was not accepted. Send it again.",
			headers: { "Retry-After": "1" },
		});
	}
	return {
		batch,
		items: await describeItems(db, jobs, await listJobsOfBatch(db, batch.id)),
		wasReplayed: true,
	};
}

/** What became of each item, where some are jobs of the batch. */
async function describeItems(
	db: Database,
	asked: readonly NewJob[],
	born: ReadonlyMap<number, JobRecord>,
): Promise<BatchItemResult[]> {
	const items: BatchItemResult[] = [];
	for (const [index, job] of asked.entries()) {
		const own = born.get(index);
		items.push(
			own === undefined
				? await explain(db, index, job)
				: { index, outcome: "accepted", job: presentJob(own), problem: null },
		);
	}
	return items;
}
