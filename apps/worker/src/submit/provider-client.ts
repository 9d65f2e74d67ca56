import type { JsonObject } from "@reelay/shared/domain/actions/action";
import type { PostEnd } from "@reelay/shared/domain/outcome";
import {
	createFreshConnectionAgent,
	postOnce,
} from "@reelay/shared/runtime/http-post";

/** Sends one paid POST and says how it ended; it never throws, repeats or follows. */
export type ProviderClient = {
	post(path: string, request: JsonObject): Promise<PostEnd>;
	close(): Promise<void>;
};

// The published answer is under 2 kB. One that is longer than this cannot be read, and is then classified as such.
const maxAnswerBytes = 1024 * 1024;

/** Every POST goes on a connection of its own, so that a stale socket can never make its outcome doubtful. */
export function createProviderClient(settings: {
	baseUrl: string;
	apiKey: string;
	timeoutMs: number;
}): ProviderClient {
	const agent = createFreshConnectionAgent();
	return {
		async post(path, request) {
			const end = await postOnce({
				dispatcher: agent,
				url: new URL(path, settings.baseUrl).href,
				headers: {
					authorization: `Bearer ${settings.apiKey}`,
					"content-type": "application/json",
					accept: "application/json",
				},
				body: JSON.stringify(request),
				timeoutMs: settings.timeoutMs,
				maxResponseBytes: maxAnswerBytes,
			});
			if (end.kind === "answered") {
				return {
					kind: "answered",
					status: end.status,
					retryAfter: end.headers["retry-after"] ?? null,
					body: end.truncated ? undefined : parseOrUndefined(end.text),
					text: end.text.slice(0, 500),
				};
			}
			return { kind: end.kind, reason: `${end.code}: ${end.message}` };
		},
		close: () => agent.destroy(),
	};
}

function parseOrUndefined(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
