import type { JsonObject } from "@reelay/shared/domain/actions/action";
import type { PostEnd } from "@reelay/shared/domain/outcome";
import { parseJson } from "@reelay/shared/domain/provider-layers";
import {
	createFreshConnectionAgent,
	postOnce,
} from "@reelay/shared/runtime/http-post";
import { redactEchoedRequest } from "@reelay/shared/signing/capability";

/** What is sent, and for which submission. */
export type ProviderPost = {
	submissionId: string;
	path: string;
	request: JsonObject;
};

/** Sends one paid POST and says how it ended; it never throws, repeats or follows. */
export type ProviderClient = {
	post(post: ProviderPost): Promise<PostEnd>;
	close(): Promise<void>;
};

// The published answer is under 2 kB. One that is longer than this cannot be read, and is then classified as such.
const maxAnswerBytes = 1024 * 1024;

/** `baseUrl` has no slash at its end. Every POST goes on a connection of its own, so that a stale socket can never make its outcome doubtful. */
export function createProviderClient(settings: {
	baseUrl: string;
	apiKey: string;
	timeoutMs: number;
}): ProviderClient {
	const agent = createFreshConnectionAgent();
	return {
		async post({ submissionId, path, request }) {
			const end = await postOnce({
				dispatcher: agent,
				url: `${settings.baseUrl}${path}`,
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
				// An answer may repeat our request, and with it the callback's token and our key, in any text that is kept.
				const text = redactEchoedRequest(
					withoutKey(end.text, settings.apiKey),
					submissionId,
				);
				return {
					kind: "answered",
					status: end.status,
					retryAfter: end.headers["retry-after"] ?? null,
					body: end.truncated ? undefined : parseJson(text),
					text: text.slice(0, 500),
				};
			}
			return { kind: end.kind, reason: `${end.code}: ${end.message}` };
		},
		close: () => agent.destroy(),
	};
}

// A shorter one is nobody's secret, and could be a part of any answer.
const minKeyLength = 8;

function withoutKey(text: string, apiKey: string): string {
	if (apiKey.length < minKeyLength) return text;
	return text.replaceAll(apiKey, "[redacted]");
}
