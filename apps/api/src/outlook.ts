import type { Waiting } from "@reelay/shared/contracts/job-view";
import type { JobRecord } from "@reelay/shared/domain/job-record";
import {
	type Crowd,
	completion,
	type Outlook,
	type Pace,
	queuePosition,
	type RenderTimes,
	secondsUntilSubmitted,
} from "@reelay/shared/domain/outlook";
import { decideWaitingFor } from "@reelay/shared/domain/waiting";
import type { Database } from "@reelay/shared/store/database";
import {
	findGovernorStatus,
	type GovernorStatus,
} from "@reelay/shared/store/governor";
import {
	countAhead,
	findPaceLimits,
	findRenderTimes,
	kindOfRender,
	listCrowds,
} from "@reelay/shared/store/outlook";
import { LRUCache } from "lru-cache";

/** What jobs may expect, by what this process has seen of the queue a moment ago. */
export type Forecast = {
	/** What a job waits for, and for how long; nothing for one that nobody waits for any longer. */
	of(job: JobRecord): Promise<Waiting>;
	/** The same of a job that has just been accepted, by what is known already: nothing holds up an accept, or fails it. */
	ofNew(job: JobRecord): Waiting;
	/** How long a render like this takes, or null while there is no history. */
	timesOf(job: Parameters<typeof kindOfRender>[0]): Promise<RenderTimes | null>;
};

type Queue = {
	crowds: Crowd[];
	governor: GovernorStatus | null;
	pace: Pace | null;
};

// However many ask, the queue is counted once in this time, and history, which moves slowly, is read once in that.
const queueMs = 1_000;
const historyMs = 30_000;

/** Reads what it needs from `reads`, and remembers it for a moment. */
export function createForecast(
	reads: Database,
	clock: { now(): number } = performance,
): Forecast {
	const queue = remembered(queueMs, clock, () => readQueue(reads));
	const history = remembered(historyMs, clock, () => findRenderTimes(reads));
	return {
		async of(job) {
			if (isUnderWay(job)) return underWay(job, await history.read());
			if (job.state !== "queued") return {};
			const [seen, times, ahead] = await Promise.all([
				queue.read(),
				history.read(),
				countAhead(reads, job),
			]);
			return waitingIn(seen, { job, ahead, times: timesIn(times, job) });
		},
		ofNew(job) {
			const seen = queue.latest();
			const times = history.latest();
			if (isUnderWay(job)) return times ? underWay(job, times) : {};
			if (job.state !== "queued" || seen === undefined) return {};
			const own = seen.crowds.find(
				(crowd) =>
					crowd.tenant_id === job.tenant_id && crowd.priority === job.priority,
			);
			const known = times === undefined ? null : timesIn(times, job);
			return waitingIn(seen, { job, ahead: own?.count ?? 0, times: known });
		},
		timesOf: async (job) => timesIn(await history.read(), job),
	};
}

type History = Map<string, RenderTimes>;

function timesIn(
	history: History,
	job: Parameters<typeof kindOfRender>[0],
): RenderTimes | null {
	return history.get(kindOfRender(job)) ?? history.get("") ?? null;
}

function isUnderWay({ state }: JobRecord): boolean {
	return state === "submitting" || state === "rendering";
}

function underWay(job: JobRecord, history: History): Waiting {
	const times = timesIn(history, job);
	if (times === null || job.submitted_at === null) return {};
	const since = new Date(job.submitted_at);
	return {
		outlook: { position: null, ...completion(since, times, new Date()) },
	};
}

function waitingIn(
	{ governor, crowds, pace }: Queue,
	{
		job,
		ahead,
		times,
	}: { job: JobRecord; ahead: number; times: RenderTimes | null },
): Waiting {
	const now = new Date();
	const { priority, tenant_id: tenantId } = job;
	const position = queuePosition({ priority, tenantId, ahead }, crowds);
	return {
		waitingFor: decideWaitingFor(job, governor, now),
		outlook: { position, ...completionOf(job, { position, pace, times, now }) },
	};
}

function completionOf(
	job: JobRecord,
	seen: {
		position: number;
		pace: Pace | null;
		times: RenderTimes | null;
		now: Date;
	},
): Pick<Outlook, "likelyAt" | "latestAt"> {
	const { position, pace, times, now } = seen;
	const seconds =
		pace === null ? null : secondsUntilSubmitted(position, pace, times);
	if (seconds === null || times === null) {
		return { likelyAt: null, latestAt: null };
	}
	const begins = Math.max(now.getTime(), new Date(job.not_before).getTime());
	return completion(new Date(begins + seconds * 1000), times, now);
}

async function readQueue(db: Database): Promise<Queue> {
	const [crowds, governor, limits] = await Promise.all([
		listCrowds(db),
		findGovernorStatus(db),
		findPaceLimits(db),
	]);
	const pace =
		governor === null || limits === null
			? null
			: {
					...limits,
					freeSlots: governor.free_slots,
					isOpen: governor.closed_reason === null,
				};
	return { crowds, governor, pace };
}

type Remembered<T> = {
	/** What is known, asked for if it is too old. */
	read(): Promise<T>;
	/** What is known now, if anything is; what is too old is asked for behind the caller's back. */
	latest(): T | undefined;
};

/** Asks once in so many milliseconds, however many want to know; a failure is not remembered. */
function remembered<T extends object>(
	ttl: number,
	perf: { now(): number },
	ask: () => Promise<T>,
): Remembered<T> {
	const cache = new LRUCache<"it", T>({ max: 1, ttl, perf, fetchMethod: ask });
	let last: T | undefined;
	const read = async () => {
		last = (await cache.fetch("it")) as T;
		return last;
	};
	return {
		read,
		latest() {
			read().catch(() => {});
			return last;
		},
	};
}
