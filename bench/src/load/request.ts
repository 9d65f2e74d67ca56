import { Pool } from "undici";

/** What is sent, again and again: the body is `before`, a number that no other request of the run has, and `after`. */
export type Target = {
	url: string;
	path: string;
	headers: Record<string, string>;
	before: string;
	after: string;
};

/** What came of a round: each answer's status and how long it took, and how long all of it took. */
export type Round = {
	/** Answers by status; 0 counts requests that got none. */
	statuses: Record<number, number>;
	/** Of the answers, in milliseconds. */
	latencies: Float64Array;
	seconds: number;
};

/** Resolves to the status when the whole answer was read; 0 when there was none. */
export function post(
	pool: Pool,
	request: { path: string; headers: Record<string, string>; body: string },
): Promise<number> {
	return new Promise((resolve) => {
		let status = 0;
		pool.dispatch(
			{ ...request, method: "POST" },
			{
				onRequestStart() {},
				onResponseStart(_controller, statusCode) {
					status = statusCode;
				},
				onResponseData() {},
				onResponseEnd: () => resolve(status),
				onResponseError: () => resolve(0),
			},
		);
	});
}

/**
 * Sends requests on so many kept connections, one at a time on each. Built on `dispatch`, which is the least that undici
 * can do for an answer, because the load shares the processor with what it measures.
 */
export function openSender(target: Target, connections: number) {
	const pool = new Pool(target.url, { connections, pipelining: 1 });
	return {
		send: (n: number): Promise<number> =>
			post(pool, {
				path: target.path,
				headers: { ...target.headers, "idempotency-key": `bench-${n}` },
				body: `${target.before}${n}${target.after}`,
			}),
		close: () => pool.close(),
	};
}

/** Gathers a round. */
export function openRound() {
	const statuses: Record<number, number> = {};
	const latencies: number[] = [];
	const startedAt = performance.now();
	return {
		note(status: number, ms: number) {
			statuses[status] = (statuses[status] ?? 0) + 1;
			if (status !== 0) latencies.push(ms);
		},
		end: (): Round => ({
			statuses,
			latencies: Float64Array.from(latencies),
			seconds: (performance.now() - startedAt) / 1000,
		}),
	};
}
