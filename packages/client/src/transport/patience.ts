import type { ReelayError } from "../reelay-error.ts";
import { decidePauseMs } from "./retry.ts";

/** How long something that goes on for hours is tried without a sign of life. */
export type Patience = {
	/** The server was heard. */
	heard(): void;
	/** How long to wait before the next try; throws the error when it is hopeless, or was for too long. */
	pauseMsAfter(error: unknown): number;
};

/** Reelay restarts, moves and is updated while you wait; that should take no longer. */
export const defaultOutageMs = 300_000;

/** Patience for `outageMs` since the server was heard last. An error that will not pass by itself ends it at once. */
export function createPatience(
	outageMs: number = defaultOutageMs,
	clock: { now(): number } = performance,
): Patience {
	let heardAt = clock.now();
	let failures = 0;
	return {
		heard() {
			heardAt = clock.now();
			failures = 0;
		},
		pauseMsAfter(error) {
			failures += 1;
			const { retryable, retryAfterS } = error as Partial<ReelayError>;
			const waitMs = decidePauseMs(
				failures,
				{ retryAfterS: retryAfterS ?? null },
				Math.random(),
			);
			const isOver = clock.now() - heardAt + waitMs > outageMs;
			if (retryable !== true || isOver) throw error;
			return waitMs;
		},
	};
}
