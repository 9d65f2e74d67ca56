import type { Job } from "./generated/api.ts";
import { ReelayError, ReelayTimeoutError } from "./reelay-error.ts";
import { abortedBy, createDeadline, pause } from "./transport/deadline.ts";
import { createPatience, type Patience } from "./transport/patience.ts";
import { readRetryAfter } from "./transport/retry.ts";
import { readStream } from "./transport/stream.ts";
import type { Transport } from "./transport/transport.ts";

export type WaitOptions = {
	signal?: AbortSignal | undefined;
	/** How long to wait for the end; without it, for as long as it takes. */
	timeoutMs?: number | undefined;
	/** Hears of the job at once, and whenever it has changed. */
	onUpdate?: ((job: Job) => void) | undefined;
	/** How long to go on without a sign of life from the server; five minutes if left out. */
	outageMs?: number | undefined;
};

const finalStates: readonly string[] = [
	"succeeded",
	"failed",
	"cancelled",
	"expired",
];

/** Whether a job has ended: it stays as it is. */
export function isFinal({ state }: Pick<Job, "state">): boolean {
	return finalStates.includes(state);
}

// Where nothing says when to ask again.
const pollMs = 2_000;
// A proxy that keeps streams to itself does so every time.
const maxSilentStreams = 2;

/**
 * Waits for the end of a job, whatever that is: look at `state`. It follows the job's timeline and asks for the job
 * whenever that tells of something; where streams do not come through, it asks from time to time. Every error carries the
 * id, and waiting again goes on where this ended.
 */
export async function waitForJob(
	transport: Transport,
	id: string,
	{ signal, timeoutMs, onUpdate, outageMs }: WaitOptions = {},
): Promise<Job> {
	const deadline = createDeadline(timeoutMs, signal);
	const wait: Wait = {
		transport,
		id,
		signal: deadline.signal,
		patience: createPatience(outageMs),
		seen: null,
		onUpdate: onUpdate ?? (() => {}),
	};
	try {
		return await untilFinal(wait);
	} catch (error) {
		const told =
			signal?.aborted === true
				? abortedBy(signal)
				: deadline.hasPassed()
					? gaveUp(wait, timeoutMs)
					: error;
		if (told instanceof ReelayError) {
			told.jobId = id;
			told.job = wait.seen;
		}
		throw told;
	} finally {
		deadline.end();
	}
}

type Wait = {
	transport: Transport;
	id: string;
	signal: AbortSignal;
	patience: Patience;
	seen: Job | null;
	onUpdate: (job: Job) => void;
};

async function untilFinal(wait: Wait): Promise<Job> {
	let silentStreams = 0;
	let lastEventId: string | null = null;
	for (;;) {
		const { job, retryAfterS } = await look(wait);
		if (isFinal(job)) return job;
		let waitMs = (retryAfterS ?? pollMs / 1000) * 1000;
		if (silentStreams < maxSilentStreams) {
			const listened = await listen(wait, lastEventId);
			if (listened.hasHeard) silentStreams = 0;
			else silentStreams += 1;
			lastEventId = listened.lastEventId;
			if (wait.seen !== null && isFinal(wait.seen)) return wait.seen;
			waitMs = Math.min(waitMs, pollMs);
		}
		await pause(waitMs, wait.signal);
	}
}

/** Asks for the job until there is an answer, and tells of it if it is another than before. */
async function look(
	wait: Wait,
): Promise<{ job: Job; retryAfterS: number | null }> {
	const { transport, id, signal, patience } = wait;
	for (;;) {
		try {
			const { body: job, headers } = await transport.call(
				"getJob",
				{ path: { id } },
				{ signal },
			);
			patience.heard();
			const isNew = JSON.stringify(job) !== JSON.stringify(wait.seen);
			wait.seen = job;
			if (isNew) wait.onUpdate(job);
			return { job, retryAfterS: readRetryAfter(headers, Date.now()) };
		} catch (error) {
			await pause(patience.pauseMsAfter(error), signal);
		}
	}
}

type Listened = {
	/** Whether anything came: then streams come through. */
	hasHeard: boolean;
	lastEventId: string | null;
};

/** Follows the timeline on one connection until the job is final, or the connection ends in whatever way. */
async function listen(
	wait: Wait,
	lastEventId: string | null,
): Promise<Listened> {
	const { transport, id, signal } = wait;
	const listened = { hasHeard: false, lastEventId };
	// From the present on: it begins with the name of its place, and what happened before that is seen by the look then.
	const query = { after: "now" };
	const input = { path: { id }, query, lastEventId, signal };
	const connection = readStream(transport, "listJobTimeline", input);
	try {
		for (;;) {
			const next = await connection.next();
			if (next.done === true) return listened;
			listened.hasHeard = true;
			listened.lastEventId = next.value.lastEventId;
			const { job } = await look(wait);
			if (isFinal(job)) return listened;
		}
	} catch (error) {
		if (signal.aborted || !(error instanceof ReelayError)) throw error;
		// What is wrong with more than the stream is found out by the next look.
		return listened;
	} finally {
		await connection.return({ isOver: true, retryMs: 0 });
	}
}

function gaveUp(wait: Wait, timeoutMs: number | undefined): ReelayTimeoutError {
	return new ReelayTimeoutError({
		code: "wait_timeout",
		message: `The job ${wait.id} is ${wait.seen?.state ?? "not final"} after ${timeoutMs} ms. It goes on; wait for it again by its id.`,
		retryable: true,
	});
}
