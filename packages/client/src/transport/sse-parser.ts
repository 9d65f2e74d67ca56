/** One block of a stream of server-sent events. */
export type SseMessage = {
	/** The place behind which to go on; null as long as the stream has named none. */
	lastEventId: string | null;
	event: string;
	/** Null in a block that only names a place. */
	data: string | null;
};

export type SseParser = {
	/** The messages that these bytes complete. */
	feed(bytes: Uint8Array): SseMessage[];
	/** How long to wait before connecting again, once the stream has said so. */
	retryMs(): number | null;
};

// A block that never ends would fill the memory.
const maxBlockLength = 16 * 1024 * 1024;

/**
 * Reads `text/event-stream` by the HTML standard, in whatever pieces it arrives. A block that broke off is never told, and
 * its id never counts, so that the next connection is given it whole.
 */
export function createSseParser(lastEventId: string | null = null): SseParser {
	const decoder = new TextDecoder("utf-8");
	let rest = "";
	let place = lastEventId;
	let retryMs: number | null = null;
	let block = emptyBlock();
	let blockLength = 0;

	function endBlock(): SseMessage[] {
		const { id, event, data } = block;
		block = emptyBlock();
		blockLength = 0;
		if (id !== null) place = id === "" ? null : id;
		if (data === null && id === null) return [];
		return [{ lastEventId: place, event, data }];
	}

	function readLine(line: string): void {
		blockLength += line.length;
		if (blockLength > maxBlockLength) throw new Error("an event is too long");
		const colon = line.indexOf(":");
		if (colon === 0) return;
		const field = colon === -1 ? line : line.slice(0, colon);
		const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
		if (field === "data") {
			block.data = block.data === null ? value : `${block.data}\n${value}`;
		}
		if (field === "event") block.event = value || "message";
		if (field === "id" && !value.includes("\0")) block.id = value;
		if (field === "retry" && /^\d{1,9}$/.test(value)) retryMs = Number(value);
	}

	return {
		retryMs: () => retryMs,
		feed(bytes) {
			rest += decoder.decode(bytes, { stream: true });
			// A CR at the end may be the half of a CRLF.
			const complete = rest.endsWith("\r") ? rest.length - 1 : rest.length;
			const lines = rest.slice(0, complete).split(/\r\n|\n|\r/);
			rest = (lines.pop() ?? "") + rest.slice(complete);
			if (rest.length > maxBlockLength) throw new Error("a line is too long");
			return lines.flatMap((line) => {
				if (line === "") return endBlock();
				readLine(line);
				return [];
			});
		},
	};
}

function emptyBlock(): {
	id: string | null;
	event: string;
	data: string | null;
} {
	return { id: null, event: "message", data: null };
}
