import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import { createParser, type EventSourceMessage } from "eventsource-parser";

/** A stream as its client sees it, read by an independent parser. */
export type TestStream = {
	status: number;
	headers: IncomingHttpHeaders;
	/** Everything so far, as it came. */
	text(): string;
	messages(): EventSourceMessage[];
	comments(): string[];
	/** Settles when so many messages have come, with all of them; fails when the stream ends before. */
	until(count: number): Promise<EventSourceMessage[]>;
	/** Settles when a comment has come. */
	untilComment(): Promise<void>;
	/** Settles with how it ended: in order, or in the middle. */
	ended: Promise<"complete" | "broken">;
	/** Reads no more, or on. */
	pause(): void;
	resume(): void;
	close(): void;
};

/** Asks for a stream, and settles with the head of the answer, whatever it is. */
export async function openStream(
	url: string,
	headers: Record<string, string>,
): Promise<TestStream> {
	const asking = request(url, {
		agent: false,
		headers: { accept: "text/event-stream", ...headers },
	});
	asking.end();
	const [response] = await once(asking, "response");
	// What is cut off or given up is told by `ended`.
	asking.on("error", () => {});
	const messages: EventSourceMessage[] = [];
	const comments: string[] = [];
	let text = "";
	let told = () => {};
	const parser = createParser({
		onEvent: (message) => void messages.push(message),
		onComment: (comment) => void comments.push(comment),
	});
	response.setEncoding("utf8");
	response.on("data", (chunk: string) => {
		text += chunk;
		parser.feed(chunk);
		told();
	});
	response.on("error", () => {});
	let hasEnded = false;
	const ended = new Promise<"complete" | "broken">((resolve) => {
		response.on("close", () => {
			hasEnded = true;
			told();
			resolve(response.complete ? "complete" : "broken");
		});
	});
	const until = async (isThere: () => boolean) => {
		while (!isThere()) {
			if (hasEnded) throw new Error(`the stream has ended:\n${text}`);
			await new Promise<void>((resolve) => {
				told = resolve;
			});
		}
	};
	return {
		status: response.statusCode,
		headers: response.headers,
		text: () => text,
		messages: () => messages,
		comments: () => comments,
		async until(count) {
			await until(() => messages.length >= count);
			return messages;
		},
		untilComment: () => until(() => comments.length > 0),
		ended,
		pause: () => void response.pause(),
		resume: () => void response.resume(),
		close: () => void response.destroy(),
	};
}
