/** One message of an event stream: what a client resumes behind, its type, and its data as JSON on one line. */
export type Message = { id?: string; event: string; data: unknown };

/** The bytes of a message. JSON has no line breaks of its own, so the data is one line whatever it holds. */
export function messageOf({ id, event, data }: Message): Buffer {
	const idLine = id === undefined ? "" : `id: ${id}\n`;
	return Buffer.from(
		`${idLine}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
	);
}

/** What a client hears and does nothing about. */
export function commentOf(text: string): Buffer {
	return Buffer.from(`: ${text}\n\n`);
}

/**
 * The beginning of a stream: how long to wait before connecting again and, where the stream begins behind something that
 * this client has not been sent, what to resume behind; an id without data sets that and is no message.
 */
export function openingOf(retryMs: number, resumeId: string | null): Buffer {
	const idBlock = resumeId === null ? "" : `id: ${resumeId}\n\n`;
	return Buffer.from(`retry: ${retryMs}\n\n${idBlock}`);
}
