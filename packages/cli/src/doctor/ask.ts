/** What came of asking; a status of null is no answer, and `error` says why. */
export type Answer = {
	status: number | null;
	error: string | null;
	json: Record<string, unknown> | null;
	/** The server's clock, in milliseconds. */
	date: number | null;
	/** Ours, when it was asked. */
	askedAt: number;
	ms: number;
};

const timeoutMs = 5_000;

/** One GET, which says itself what went wrong: doctor looks at answers that the client would refuse. */
export async function ask(
	url: string,
	{ signal, key }: { signal: AbortSignal; key: string | null },
): Promise<Answer> {
	const askedAt = Date.now();
	const startedAt = performance.now();
	const ms = () => Math.round(performance.now() - startedAt);
	const nothing = { status: null, json: null, date: null, askedAt };
	try {
		const answer = await fetch(url, {
			headers: key === null ? {} : { authorization: `Bearer ${key}` },
			redirect: "manual",
			signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
		});
		const answeredMs = ms();
		const date = Date.parse(answer.headers.get("date") ?? "");
		return {
			status: answer.status,
			error: null,
			json: readJson(await answer.text()),
			date: Number.isNaN(date) ? null : date,
			askedAt,
			ms: answeredMs,
		};
	} catch (error) {
		const { name, message, cause } = error as Error & {
			cause?: { code?: string; message?: string };
		};
		const reason =
			name === "TimeoutError"
				? `nothing within ${timeoutMs / 1000} s`
				: (cause?.code ?? cause?.message ?? message);
		return { ...nothing, error: reason, ms: ms() };
	}
}

function readJson(text: string): Record<string, unknown> | null {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null
			? (value as Record<string, unknown>)
			: null;
	} catch {
		return null;
	}
}
