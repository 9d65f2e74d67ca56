import type { Clock } from "@reelay/shared/runtime/clock";

/** From which instant on a claim looks for jobs; null is from the first. */
export type ClaimBound = {
	current(): Date | null;
	/** What a claim said is the oldest job that could be claimed, and how long it took to say so. */
	learn(oldestReady: Date | null, tookMs: number): void;
	forget(): void;
};

// So long may a job wait that was queued again, whose commit was slow, or whose time has come, and is older than the bound: a
// second, or as long as makes of the claims without a bound a tenth of the time.
const boundForMs = 1_000;
const restFactor = 10;
const maxBoundForMs = 10_000;

/**
 * A claim without a bound reads past every job that was claimed since the oldest open transaction began. So one such claim, a
 * second or seldomer, finds out how old the oldest ready job is, and the claims of that second begin there.
 */
export function createBound(clock: Clock): ClaimBound {
	let bound: { since: Date; until: number } | null = null;
	const live = () =>
		bound !== null && clock.now().getTime() < bound.until ? bound : null;
	return {
		current: () => live()?.since ?? null,
		learn(oldestReady, tookMs) {
			if (live() !== null || oldestReady === null) return;
			const lasts = Math.max(boundForMs, restFactor * tookMs);
			const until = clock.now().getTime() + Math.min(lasts, maxBoundForMs);
			bound = { since: oldestReady, until };
		},
		forget() {
			bound = null;
		},
	};
}
