import { findFreePort } from "@reelay/stack/ports";

/** The simulator as all that is measured share it: without limits, and with more points than anything here can spend. */
export type Provider = {
	url: string;
	/** What the rig needs in its environment, so that neither our limits nor the provider's are what is measured. */
	env: Record<string, string>;
	/** Changes how it behaves from the next POST on. */
	behave(behaviour: Record<string, unknown>): Promise<void>;
	/** What it was asked, by its own book. */
	totals(): Promise<Totals>;
	/** How many renders it has under way. */
	running(): Promise<number>;
	/** The newest POSTs, oldest first. */
	posts(limit: number): Promise<ProviderPost[]>;
};

export type Totals = { accepted_posts: number; callbacks_sent: number };

export type ProviderPost = {
	callback_url: string | null;
	received_at: string;
	ended_at: string | null;
};

/** Chooses where it will listen; `renderMs` is how long it renders until it is told otherwise. */
export async function planProvider(renderMs: number): Promise<Provider> {
	const port = String(await findFreePort());
	const url = `http://127.0.0.1:${port}`;
	const ask = async (path: string, init: RequestInit = {}) => {
		const answer = await fetch(`${url}/control${path}`, init);
		if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
		return answer.json() as Promise<unknown>;
	};
	return {
		url,
		env: {
			SIMULATOR_PORT: port,
			SIMULATOR_RENDER_MS: String(renderMs),
			SIMULATOR_RATE: "off",
			SIMULATOR_CONCURRENCY: "1000000",
			SIMULATOR_BALANCE: "1000000000000",
			PROVIDER_RATE: "999999/1",
			PROVIDER_CONCURRENCY: "1000000",
		},
		async behave(behaviour) {
			await ask("/defaults", {
				method: "PUT",
				body: JSON.stringify(behaviour),
			});
		},
		async totals() {
			const { totals } = (await ask("/ledger?limit=0")) as { totals: Totals };
			return totals;
		},
		async running() {
			return ((await ask("/settings")) as { running: number }).running;
		},
		async posts(limit) {
			const { posts } = (await ask(`/ledger?limit=${limit}`)) as {
				posts: ProviderPost[];
			};
			return posts;
		},
	};
}
