/** What is owed to customers: jobs that end, what is claimed of their deliveries, and how attempts end. */
import { type AttemptRecord, recordAttempt } from "../store/attempts.ts";
import {
	type ClaimedDelivery,
	claimDueDeliveries,
} from "../store/deliveries.ts";
import { settleSubmission } from "../store/settle.ts";
import { aJob, submissionOf, type TestJob } from "./factories.ts";
import { anAttempt, aSuccess } from "./reports.ts";
import type { TestStore } from "./store.ts";

/** A job that ended, and so owes a delivery to a URL of its own. */
export function owed(
	store: TestStore,
	webhookUrl = "https://example.com/hook",
): Promise<TestJob> {
	return aJob(store, { state: "succeeded", webhookUrl });
}

/** So many jobs end, and each owes its event to whoever asked for it; returns their ids. */
export async function endJobs(
	store: TestStore,
	count: number,
	tenantId = store.tenantId,
): Promise<string[]> {
	const ids = [];
	for (let n = 0; n < count; n += 1) {
		const job = await aJob(store, { state: "rendering", tenantId });
		await settleSubmission(store.db, aSuccess(submissionOf(job)));
		ids.push(job.id);
	}
	return ids;
}

/** Claims the one delivery that is due. */
export async function claimDelivery(
	{ db }: TestStore,
	owner = "worker-1",
): Promise<ClaimedDelivery> {
	const [delivery] = await claimDueDeliveries(db, owner, 100);
	if (delivery === undefined) throw new Error("nothing is due");
	return delivery;
}

/** Writes an attempt down, one that failed and is to be made again if nothing is said. */
export function recordAttemptOf(
	{ db }: TestStore,
	delivery: ClaimedDelivery,
	overrides: Partial<AttemptRecord> = {},
) {
	return recordAttempt(db, anAttempt(delivery, overrides));
}

/** The one delivery as it is now, with its due time as seconds from now. */
export async function readDelivery({ db }: TestStore): Promise<unknown> {
	const rows = await db.$queryRaw<unknown[]>`
		select state, attempts, lease_owner, last_status, last_error,
			round(extract(epoch from due_at - now()))::int as due_in_s, finished_at is not null as finished
		from delivery`;
	return rows[0];
}
