import { ReelayAbortedError } from "../reelay-error.ts";

/** A time to come, after which what goes by `signal` is given up; a caller's own signal gives it up earlier. */
export type Deadline = {
	signal: AbortSignal;
	hasPassed(): boolean;
	/** Begins the time anew; with null there is none. */
	extend(timeoutMs: number | null): void;
	/** Lets go of the timer and of the caller's signal. What goes by `signal` goes on. */
	end(): void;
	/** Gives it up now. */
	cancel(): void;
};

// More than this is 1 ms to a timer.
const longestTimerMs = 2 ** 31 - 1;

/** Not AbortSignal.any and AbortSignal.timeout: those of Node 20 keep what they hang on alive for as long as the caller's signal lives. */
export function createDeadline(
	timeoutMs: number | undefined,
	signal: AbortSignal | undefined,
): Deadline {
	const controller = new AbortController();
	let timer: NodeJS.Timeout | undefined;
	let hasPassed = false;
	const onAbort = () => controller.abort(signal?.reason);
	const extend = (ms: number | null) => {
		clearTimeout(timer);
		if (ms === null) return;
		timer = setTimeout(
			() => {
				hasPassed = true;
				controller.abort();
			},
			Math.min(ms, longestTimerMs),
		);
	};
	if (signal?.aborted === true) onAbort();
	else signal?.addEventListener("abort", onAbort, { once: true });
	if (timeoutMs !== undefined) extend(timeoutMs);
	const end = () => {
		clearTimeout(timer);
		signal?.removeEventListener("abort", onAbort);
	};
	return {
		signal: controller.signal,
		hasPassed: () => hasPassed,
		extend,
		end,
		cancel() {
			end();
			controller.abort();
		},
	};
}

/** Waits, unless the signal ends it; then it throws a ReelayAbortedError. */
export function pause(
	ms: number,
	signal: AbortSignal | undefined,
): Promise<void> {
	return new Promise((resolve, reject) => {
		const stop = () => {
			clearTimeout(timer);
			reject(abortedBy(signal));
		};
		const timer = setTimeout(() => {
			signal?.removeEventListener("abort", stop);
			resolve();
		}, ms);
		if (signal?.aborted === true) stop();
		else signal?.addEventListener("abort", stop, { once: true });
	});
}

/** What is thrown when the caller's signal ended something. */
export function abortedBy(signal: AbortSignal | undefined): ReelayAbortedError {
	return new ReelayAbortedError({
		code: "aborted",
		message: "The request was aborted by its signal.",
		retryable: false,
		cause: signal?.reason,
	});
}
