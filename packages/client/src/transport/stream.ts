import { ReelayConnectionError } from "../reelay-error.ts";
import { unexpected } from "./answer.ts";
import type { Input } from "./request.ts";
import { orThrow, withContext } from "./send.ts";
import { createSseParser, type SseMessage } from "./sse-parser.ts";
import type { Transport } from "./transport.ts";

/** The operations that answer with a stream to those who ask for one. */
export type StreamId = "listJobTimeline" | "listEvents";

export type StreamInput<Id extends StreamId> = {
	path?: Input<Id>["path"];
	query?: Input<Id>["query"];
	/** Where to go on; null begins where the query says. */
	lastEventId: string | null;
	signal?: AbortSignal | undefined;
};

/** How a connection came to its end in order: `over` is the end of all that will be told. */
export type StreamEnd = { isOver: boolean; retryMs: number };

// The head comes at once. After that there is a comment every 15 s, so that three are missing.
const headTimeoutMs = 15_000;
const idleTimeoutMs = 45_000;
const defaultRetryMs = 2_000;

/**
 * What one connection tells. It ends in order when the server ends it, and throws a ReelayError when it breaks off, is
 * silent for 45 s, or is no stream. Leaving the loop closes the connection.
 */
export async function* readStream<Id extends StreamId>(
	transport: Transport,
	id: Id,
	{ lastEventId, signal, ...input }: StreamInput<Id>,
): AsyncGenerator<SseMessage, StreamEnd> {
	const headers = lastEventId === null ? {} : { "last-event-id": lastEventId };
	const opened = await transport.open(id, { ...input, headers } as Input<Id>, {
		signal,
		timeoutMs: headTimeoutMs,
	});
	const { response, deadline, request } = opened;
	const parser = createSseParser(lastEventId);
	const retryMs = () => parser.retryMs() ?? defaultRetryMs;
	try {
		if (response.status === 204) return { isOver: true, retryMs: retryMs() };
		const type = response.headers.get("content-type") ?? "no content type";
		if (!type.startsWith("text/event-stream") || response.body === null) {
			throw unexpected(response, request, `answered with ${type}, no stream`);
		}
		const reader = response.body.getReader();
		const limits = { deadline, signal, timeoutMs: idleTimeoutMs };
		for (;;) {
			deadline.extend(idleTimeoutMs);
			const { done, value } = await orThrow(reader.read(), request, limits);
			if (done) return { isOver: false, retryMs: retryMs() };
			// How long you take for an event is no silence of the server's.
			deadline.extend(null);
			for (const message of parse(parser, value)) {
				yield message;
				if (message.event === "end") {
					return { isOver: true, retryMs: retryMs() };
				}
			}
		}
	} catch (error) {
		throw withContext(error, request);
	} finally {
		deadline.cancel();
	}
}

function parse(
	parser: ReturnType<typeof createSseParser>,
	bytes: Uint8Array,
): SseMessage[] {
	try {
		return parser.feed(bytes);
	} catch (cause) {
		throw new ReelayConnectionError({
			code: "connection_failed",
			message: "The stream is not one of Reelay's.",
			retryable: false,
			cause,
		});
	}
}
