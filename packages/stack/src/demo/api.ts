import { setTimeout as delay } from "node:timers/promises";
import type { JobView } from "@reelay/shared/contracts/job-view";

export type TimelineEntry = {
	id: string;
	type: string;
	at: string;
	data: { submission?: string } | null;
};

/** What a customer does with the REST API. */
export type Api = {
	createJob(body: Record<string, unknown>, key: string): Promise<JobView>;
	getJob(id: string): Promise<JobView>;
	/** The newest ones. */
	listJobs(): Promise<JobView[]>;
	listTimeline(id: string): Promise<TimelineEntry[]>;
};

const answerTimeoutMs = 10_000;
const longestWaitS = 5;
const tries = 5;

/** A client for one key. Each refusal is thrown as a sentence. */
export function createApi(
	{ apiUrl, apiKey }: { apiUrl: string; apiKey: string },
	signal: AbortSignal,
): Api {
	const call = <Answer>(path: string, init: RequestInit = {}) =>
		request<Answer>(`${apiUrl}${path}`, {
			...init,
			headers: { authorization: `Bearer ${apiKey}`, ...init.headers },
			signal,
		});
	return {
		createJob: (body, key) =>
			call<JobView>("/v1/jobs", {
				method: "POST",
				headers: { "content-type": "application/json", "idempotency-key": key },
				body: JSON.stringify(body),
			}),
		getJob: (id) => call<JobView>(`/v1/jobs/${id}`),
		listJobs: async () =>
			(await call<{ data: JobView[] }>("/v1/jobs?limit=100")).data,
		listTimeline: async (id) =>
			(await call<{ data: TimelineEntry[] }>(`/v1/jobs/${id}/events`)).data,
	};
}

// Every call here may be repeated: the one that creates has its key.
async function request<Answer>(
	url: string,
	init: RequestInit & { signal: AbortSignal },
): Promise<Answer> {
	for (let attempt = 1; ; attempt += 1) {
		const response = await ask(url, init);
		if (response.ok) return (await response.json()) as Answer;
		const isBusy = response.status === 429 || response.status === 503;
		const waitS = Number(response.headers.get("retry-after") ?? 1) || 1;
		if (!isBusy || attempt === tries) {
			throw new Error(
				refusalSentence(url, response.status, await read(response)),
			);
		}
		await response.body?.cancel();
		await delay(Math.min(waitS, longestWaitS) * 1_000, undefined, {
			signal: init.signal,
		});
	}
}

async function ask(
	url: string,
	init: RequestInit & { signal: AbortSignal },
): Promise<Response> {
	const timeout = AbortSignal.timeout(answerTimeoutMs);
	try {
		const signal = AbortSignal.any([init.signal, timeout]);
		return await fetch(url, { ...init, signal });
	} catch (error) {
		init.signal.throwIfAborted();
		const { cause, message } = error as Error & { cause?: { code?: string } };
		const why = timeout.aborted
			? `no answer within ${answerTimeoutMs / 1_000} s`
			: (cause?.code ?? message);
		throw new Error(`${new URL(url).origin} cannot be reached (${why}).`, {
			cause: error,
		});
	}
}

type Problem = {
	title?: string;
	detail?: string;
	errors?: { pointer?: string; detail?: string }[];
};

async function read(response: Response): Promise<Problem> {
	return (await response.json().catch(() => ({}))) as Problem;
}

function refusalSentence(
	url: string,
	status: number,
	{ title = "", detail = title, errors = [] }: Problem,
): string {
	const { origin, pathname } = new URL(url);
	const list = errors.map((error) => `${error.pointer}: ${error.detail}`);
	if (status === 401) return `The API at ${origin} refuses the key. ${detail}`;
	return [`${pathname} was answered with ${status}. ${detail}`, ...list]
		.join(" ")
		.trim();
}
