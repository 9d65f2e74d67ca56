import type { JsonAnswer } from "../journeys/json-answer.ts";
import { openProviderStage, type ProviderStage } from "./provider-stage.ts";

/** A stage whose simulator refuses nothing by itself: what it counts is what the governor let through. */
export type GovernorScene = ProviderStage & {
	createJobs(prompt: string, count: number): Promise<string[]>;
	/** Its row, and the database's `now`. */
	governor(): Promise<JsonAnswer>;
	/** What was waited for is over: a Retry-After as well as the time until the next probe. */
	unblock(): Promise<void>;
	postsOf(prompt: string): Promise<JsonAnswer[]>;
	/** Changes the limits; claims that begin after the returned instant see them. */
	setLimits(change: string): Promise<number>;
	/** As before the first test. */
	reset(): Promise<void>;
};

const clients = 20;

export async function openGovernorScene(): Promise<GovernorScene> {
	const stage = await openProviderStage({
		PROVIDER_CONCURRENCY: "200",
		SIMULATOR_CONCURRENCY: "1000",
		SIMULATOR_BALANCE: "100000000",
		SIMULATOR_RENDER_MS: "1000",
	});
	const governor = async (): Promise<JsonAnswer> =>
		(await stage.query("select *, clock_timestamp() as now from governor"))[0];
	return {
		...stage,
		async createJobs(prompt, count) {
			const ids: string[] = [];
			// A few clients at a time: how many the API can take at once is not the question here.
			while (ids.length < count) {
				const more = Array.from(
					{ length: Math.min(clients, count - ids.length) },
					() => stage.createJob({ input: { prompt, duration: 3 } }),
				);
				ids.push(...(await Promise.all(more)));
			}
			return ids;
		},
		governor,
		async unblock() {
			await stage.query(
				"update governor set blocked_until = clock_timestamp(), probe_at = clock_timestamp()",
			);
		},
		postsOf: async (prompt) => (await stage.ledgerOf(prompt)).posts,
		async setLimits(change) {
			await stage.query(`update governor set ${change}`);
			return (await governor()).now.getTime();
		},
		async reset() {
			await stage.simulator("/reset", {});
			await stage.query(
				`update governor set rate_count = 5000, rate_window_ms = 10000, concurrency = 200, probe_at = null,
					blocked_until = null, closed_reason = null, closed_detail = null, closed_at = null, error_streak = 0`,
			);
		},
	};
}
