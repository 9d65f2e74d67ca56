import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { JobView } from "@reelay/shared/contracts/job-view";
import { type Api, createApi, type TimelineEntry } from "./api.ts";
import { checkJob } from "./check-job.ts";
import type { DemoJob } from "./jobs.ts";
import { type LedgerPost, openLedger, postsOf } from "./ledger.ts";
import type { ProgressView } from "./progress.ts";
import { type Arrival, openReceiver } from "./receiver.ts";
import { fetchVideo } from "./video.ts";
import { watchJobs } from "./watch.ts";

/** A running stack, as a customer and (where it is simulated) a witness reach it. */
export type Target = {
	apiUrl: string;
	apiKey: string;
	webhookSecret: string;
	/** Null where the provider is the real one. */
	simulatorUrl: string | null;
};

export type Outcome = {
	planned: DemoJob;
	/** Null when it was not accepted or can no longer be read. */
	job: JobView | null;
	timeline: TimelineEntry[];
	/** What is wrong with the webhook, and with all else. */
	problems: { webhook: string[]; rest: string[] };
};

type Submitted = {
	planned: DemoJob;
	path: string;
	id: string | null;
	refusal: string | null;
};

// Long enough for a doubled delivery, which would follow closely.
const settleMs = 400;

/**
 * Submits the jobs at once, waits for their webhooks, and then asks everybody
 * who knows: the API, the provider's ledger, and the video itself. Resolves
 * with what came of each; throws a sentence when the stack cannot be reached.
 */
export async function runDemo(input: {
	target: Target;
	jobs: DemoJob[];
	view: ProgressView;
	deadlineMs: number;
	signal: AbortSignal;
}): Promise<Outcome[]> {
	const { target, view, deadlineMs, signal } = input;
	const api = createApi(target, signal);
	const ledger = target.simulatorUrl
		? await openLedger(target.simulatorUrl, signal)
		: null;
	const receiver = await openReceiver(target.webhookSecret);
	try {
		const startedAtMs = Date.now();
		const submitted = await submitAll(api, input.jobs, receiver.url);
		const { arrivals } = receiver;
		const jobs = submitted.map(({ planned, id, path }) => ({
			...{ name: planned.name, id, path },
		}));
		const waited = { api, jobs, arrivals, view, startedAtMs, deadlineMs };
		await watchJobs({ ...waited, signal });
		await delay(settleMs, undefined, { signal });
		const posts = ledger ? await ledger.listPosts() : null;
		const outcomes = await Promise.all(
			submitted.map((one) => judge(api, one, { arrivals, posts, signal })),
		);
		return withSharedIds(outcomes, submitted, arrivals);
	} finally {
		await receiver.close();
	}
}

function submitAll(
	api: Api,
	jobs: DemoJob[],
	receiverUrl: string,
): Promise<Submitted[]> {
	const run = randomUUID();
	return Promise.all(
		jobs.map(async (planned, n) => {
			const path = `/jobs/${n + 1}`;
			const body = {
				input: planned.input,
				webhook_url: `${receiverUrl}${path}`,
				tags: ["demo"],
			};
			try {
				const { id } = await api.createJob(body, `demo-${run}-${n + 1}`);
				return { planned, path, id, refusal: null };
			} catch (error) {
				const refusal = (error as Error).message;
				return { planned, path, id: null, refusal };
			}
		}),
	);
}

type Seen = {
	arrivals: readonly Arrival[];
	posts: LedgerPost[] | null;
	signal: AbortSignal;
};

async function judge(
	api: Api,
	submitted: Submitted,
	seen: Seen,
): Promise<Outcome> {
	const { planned, id, refusal } = submitted;
	const giveUp = (rest: string): Outcome => ({
		...{ planned, job: null, timeline: [] },
		problems: { webhook: [], rest: [rest] },
	});
	if (id === null) return giveUp(refusal ?? "It was not accepted.");
	try {
		return await judgeAccepted(api, { ...submitted, id }, seen);
	} catch (error) {
		seen.signal.throwIfAborted();
		return giveUp((error as Error).message);
	}
}

async function judgeAccepted(
	api: Api,
	{ planned, path, id }: Submitted & { id: string },
	seen: Seen,
): Promise<Outcome> {
	const [job, timeline] = await Promise.all([
		api.getJob(id),
		api.listTimeline(id),
	]);
	const [url] = job.result?.urls ?? [];
	const submissions = timeline.flatMap(({ data }) => data?.submission ?? []);
	const problems = checkJob({
		...{ input: planned.input, job, timeline },
		arrivals: seen.arrivals.filter((arrival) => arrival.path === path),
		video: url ? await fetchVideo(url, seen.signal) : null,
		posts: seen.posts && postsOf(seen.posts, submissions),
	});
	return { planned, job, timeline, problems };
}

// An event id stands for one event: two jobs may not share one.
function withSharedIds(
	outcomes: Outcome[],
	submitted: Submitted[],
	arrivals: readonly Arrival[],
): Outcome[] {
	return outcomes.map((outcome, n) => {
		const path = submitted[n]?.path;
		const own = arrivals.find((arrival) => arrival.path === path)?.eventId;
		const other = arrivals.find(
			(arrival) => arrival.path !== path && arrival.eventId === own,
		);
		if (!own || !other) return outcome;
		const { webhook, rest } = outcome.problems;
		const problem = `Its event id ${own} came with another job too.`;
		return { ...outcome, problems: { webhook: [...webhook, problem], rest } };
	});
}
