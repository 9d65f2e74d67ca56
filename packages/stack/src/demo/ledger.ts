/** What the simulator's ledger says of one POST; the rest of it is not read. */
export type LedgerPost = {
	n: number;
	charged: boolean;
	points: number;
	callback_url: string | null;
};

/** The provider's own account of what was asked and paid. */
export type Ledger = {
	listPosts(): Promise<LedgerPost[]>;
};

const answerTimeoutMs = 5_000;

/** Opens the simulator's ledger at its present end, so that it holds what comes from now on. */
export async function openLedger(
	simulatorUrl: string,
	signal: AbortSignal,
): Promise<Ledger> {
	const read = async (query: string): Promise<LedgerPost[]> => {
		const response = await fetch(`${simulatorUrl}/control/ledger?${query}`, {
			signal: AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]),
		});
		if (!response.ok) {
			throw new Error(
				`The simulator's ledger at ${simulatorUrl} was answered with ${response.status}.`,
			);
		}
		return ((await response.json()) as { posts: LedgerPost[] }).posts;
	};
	const [newest] = await read("limit=1");
	return { listPosts: () => read(`after=${newest?.n ?? 0}`) };
}

/** The POSTs of one job: each carries its submission's id in the address that it gave for the callback. */
export function postsOf(
	posts: LedgerPost[],
	submissionIds: string[],
): LedgerPost[] {
	return posts.filter(({ callback_url: url }) =>
		submissionIds.some((id) => url?.includes(`/${id}.`)),
	);
}
