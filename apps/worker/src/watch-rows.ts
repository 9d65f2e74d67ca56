import { isFinal, jobStates } from "@reelay/shared/domain/job";
import type { Metrics } from "@reelay/shared/runtime/metrics";
import { countQuarantined } from "@reelay/shared/store/callbacks";
import type { Database } from "@reelay/shared/store/database";
import { findGovernorStatus } from "@reelay/shared/store/governor";
import { listOldestTransactions } from "@reelay/shared/store/open-transactions";
import {
	countLiveJobs,
	countPossibleCharges,
} from "@reelay/shared/store/ready";

const closings = { funds: 0, credentials: 0, errors: 0 };
const noJobs = Object.fromEntries(
	jobStates.filter((state) => !isFinal(state)).map((state) => [state, 0]),
);

/**
 * Has jobs, submissions, callbacks and open transactions counted in the database, and the governor read, whenever metrics are
 * collected.
 */
export function watchRows(metrics: Metrics, db: Database): void {
	const liveJobs = shareReads(() => countLiveJobs(db));
	metrics.watch("live_jobs", "Jobs that are not final, by state.", {
		label: "state",
		read: async () => ({ ...noJobs, ...(await liveJobs()).byState }),
	});
	metrics.watch(
		"oldest_transaction_seconds",
		"The age of the oldest transaction that is open in the database.",
		{
			label: "kind",
			read: async () => ({
				session: 0,
				prepared: 0,
				...Object.fromEntries(
					(await listOldestTransactions(db)).map((open) => [
						open.kind,
						open.age_s,
					]),
				),
			}),
		},
	);
	metrics.watch(
		"oldest_ready_seconds",
		"The age of the oldest job that could be submitted now.",
		{
			label: "queue",
			read: async () => ({
				submit: (await liveJobs()).oldestReadyS,
			}),
		},
	);
	metrics.watch(
		"possible_charges",
		"Submissions under way, for which the provider may charge.",
		{
			label: "state",
			read: async () => ({
				...{ intent: 0, accepted: 0, unknown: 0, overdue: 0 },
				...(await countPossibleCharges(db)),
			}),
		},
	);
	metrics.watch(
		"quarantined_callbacks",
		"Callbacks that are set aside, by what has become of their job.",
		{ label: "job", read: () => countQuarantined(db) },
	);
	watchGovernor(metrics, db);
}

function watchGovernor(metrics: Metrics, db: Database): void {
	const find = shareReads(() => findGovernorStatus(db));
	metrics.watch(
		"governor_closed",
		"1 for the reason that closes the provider.",
		{
			label: "reason",
			async read() {
				const reason = (await find())?.closed_reason;
				return { ...closings, ...(reason ? { [reason]: 1 } : {}) };
			},
		},
	);
	metrics.watch(
		"governor_wait_seconds",
		"Until the governor may grant the next submission, by what it waits for.",
		{
			label: "cause",
			async read() {
				const { blocked_ms = 0, grant_in_ms = 0 } = (await find()) ?? {};
				return { blocked: blocked_ms / 1000, rate: grant_in_ms / 1000 };
			},
		},
	);
	metrics.watch("provider_slots", "Places for renders at the provider.", {
		label: "state",
		async read() {
			const { slots = 0, free_slots = 0 } = (await find()) ?? {};
			return { free: free_slots, taken: slots - free_slots };
		},
	});
}

/** Metrics that are collected at one time share one statement. */
function shareReads<Value>(read: () => Promise<Value>): () => Promise<Value> {
	let pending: Promise<Value> | null = null;
	return () => {
		pending ??= read().finally(() => {
			pending = null;
		});
		return pending;
	};
}
