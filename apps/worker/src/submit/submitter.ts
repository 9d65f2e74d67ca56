import type { Clock } from "@reelay/shared/runtime/clock";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Claim, ClaimedSubmission } from "@reelay/shared/store/claim";
import type { GovernorStatus } from "@reelay/shared/store/governor";
import { createWakeLoop } from "../wake-loop.ts";
import { createBound } from "./claim-bound.ts";
import type { Recorded } from "./record-outcome.ts";

export type SubmitterDeps = {
	/** Takes up to so many submissions, of jobs since an instant; none when there is nothing to do or the governor says no. */
	claim: (count: number, since: Date | null) => Promise<Claim>;
	governorStatus: () => Promise<GovernorStatus | null>;
	submit: (submission: ClaimedSubmission) => Promise<Recorded>;
	/** The worker's last word on a submission it can no longer wait for. */
	giveUp: (submission: ClaimedSubmission) => Promise<unknown>;
	onRecorded: (recorded: Recorded) => void;
	clock: Clock;
	logger: Logger;
	maxInFlight: number;
};

export type Submitter = {
	/** There may be work: claims until it sees no more, the governor says no, or this worker is full. Returns at once. */
	wake(): void;
	inFlight(): number;
	/** The submissions that this worker waits for, whose leases are therefore its to renew. */
	held(): string[];
	/** Stops claiming, waits for answers up to the grace, then leaves what is still open to `unknown`. */
	stop(graceMs: number): Promise<void>;
};

const retryAfterErrorMs = 1_000;

// Claimed at once, several cost little more than one; but a process that dies before it has sent them leaves all of them in
// doubt. So the first claim takes one job, and each that finds enough takes twice as many, up to this.
const maxClaimed = 8;

// While others hold the rows that are next, or when what forbade a claim has just ended: look again soon, not at once.
const minWaitMs = 20;

/**
 * Keeps up to `maxInFlight` submissions under way. Waiting for a blocked call costs a socket, not a thread, so the
 * number is in the hundreds. Rings, sweeps, freed places and the governor's own clock all come here as `wake`; they are
 * merged, and one loop claims.
 */
export function createSubmitter(deps: SubmitterDeps): Submitter {
	const underWay = new Map<ClaimedSubmission, Promise<void>>();
	const loop = createWakeLoop(claimAll);
	const since = createBound(deps.clock);
	let timer: NodeJS.Timeout | undefined;
	// Whether a place that becomes free is of use, by the last claim's word.
	let mayBeMore = true;

	async function claimAll(): Promise<void> {
		let wanted = 1;
		mayBeMore = true;
		try {
			while (!loop.isStopping() && underWay.size < deps.maxInFlight) {
				const room = deps.maxInFlight - underWay.size;
				const from = since.current();
				const startedAt = deps.clock.now().getTime();
				const claim = await deps.claim(Math.min(room, wanted), from);
				const { submissions, oldestReady, emptyBecause } = claim;
				const tookMs = deps.clock.now().getTime() - startedAt;
				submissions.forEach(start);
				wanted = Math.min(maxClaimed, wanted * 2);
				mayBeMore = claim.mayBeMore;
				if (submissions.length > 0) {
					if (!claim.mayBeMore) return;
					since.learn(oldestReady, tookMs);
				} else if (emptyBecause === "no_grant") return await wakeWhenGranted();
				else if (emptyBecause === "others") return wakeIn(minWaitMs);
				else if (from === null) return;
				else since.forget();
			}
		} catch (error) {
			deps.logger.error({ err: error }, "claim.failed");
			wakeIn(retryAfterErrorMs);
		}
	}

	function start(submission: ClaimedSubmission): void {
		const run = deps
			.submit(submission)
			.then(hear, (error: unknown) => {
				deps.logger.error(
					{ submission_id: submission.id, err: error },
					"submission.recordFailed",
				);
			})
			.finally(() => {
				underWay.delete(submission);
				if (mayBeMore) loop.wake();
			});
		underWay.set(submission, run);
	}

	function hear(recorded: Recorded): void {
		// A job that was not sent is there again.
		if (recorded.jobState === "queued") mayBeMore = true;
		deps.onRecorded(recorded);
	}

	/** The end of the rate window or of a block is known, so no ring is needed; a slot that becomes free rings. */
	async function wakeWhenGranted(): Promise<void> {
		const status = await deps.governorStatus();
		if (status === null || status.free_slots === 0) return;
		wakeIn(Math.max(status.blocked_ms, status.grant_in_ms));
	}

	function wakeIn(ms: number): void {
		clearTimeout(timer);
		if (loop.isStopping()) return;
		timer = setTimeout(loop.wake, Math.max(ms + 1, minWaitMs));
	}

	return {
		wake: loop.wake,
		inFlight: () => underWay.size,
		held: () => [...underWay.keys()].map(({ id }) => id),
		async stop(graceMs) {
			const stopped = loop.stop();
			clearTimeout(timer);
			await stopped;
			await settleWithin([...underWay.values()], graceMs);
			await Promise.allSettled([...underWay.keys()].map(deps.giveUp));
		},
	};
}

async function settleWithin(
	runs: Promise<void>[],
	graceMs: number,
): Promise<void> {
	if (runs.length === 0) return;
	let timer: NodeJS.Timeout | undefined;
	const grace = new Promise<void>((resolve) => {
		timer = setTimeout(resolve, graceMs);
	});
	await Promise.race([Promise.allSettled(runs), grace]);
	clearTimeout(timer);
}
