import type { Place } from "./source.ts";
import type { Tail } from "./tail.ts";

/**
 * Settles when a job's timeline, which has been read up to a place, has come to its end; or when the signal is aborted, or
 * the process stops, whichever is first. Whoever waits looks at the job again.
 */
export function waitForEnd(
	tail: Tail,
	timeline: { jobId: string; from: Place },
	signal: AbortSignal,
): Promise<void> {
	return new Promise((resolve) => {
		const leave = () => tail.leave(follower);
		const follower = {
			key: timeline.jobId,
			from: timeline.from,
			// One that takes no more is let go.
			take: (items: readonly { lastWords: Buffer | null }[]) =>
				items.every(({ lastWords }) => lastWords === null),
			letGo() {
				signal.removeEventListener("abort", leave);
				resolve();
			},
		};
		if (signal.aborted) {
			resolve();
			return;
		}
		signal.addEventListener("abort", leave);
		tail.join(follower);
	});
}
