import { type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { createParser } from "eventsource-parser";

/** A customer who follows a stream, and who connects again behind the last id whenever the connection breaks. */
export type StreamClient = {
	/** The ids of everything that came, in the order in which it came. */
	ids: readonly string[];
	/** What came without an id: the end of a job's stream. */
	ends: readonly string[];
	/** How often it has connected. */
	connections(): number;
	/** Whether it is connected now. */
	isOpen(): boolean;
	/** The statuses of the answers that were no stream. */
	refusals: readonly number[];
	/** How many of its connections the server ended in order. */
	endedInOrder(): number;
	/** Settles when it follows no longer: it was stopped, or its stream has come to its end. */
	done: Promise<void>;
	/** Does not connect again once this connection has ended. */
	connectNoMore(): void;
	stop(): void;
};

const retryMs = { min: 50, max: 500 };

/** `urls` are asked in turn, from the one of this number on. */
export function followStream(options: {
	urls: readonly string[];
	first: number;
	path: string;
	key: string;
}): StreamClient {
	const { urls, first, path, key } = options;
	const ids: string[] = [];
	const ends: string[] = [];
	const refusals: number[] = [];
	let connections = 0;
	let inOrder = 0;
	let isOpen = false;
	let stopping = false;
	let current: IncomingMessage | undefined;
	const connect = () =>
		new Promise<void>((resolve) => {
			const lastId = ids.at(-1);
			const url = urls[(first + connections) % urls.length];
			const asking = request(`${url}${path}`, {
				agent: false,
				headers: {
					accept: "text/event-stream",
					authorization: `Bearer ${key}`,
					...(lastId === undefined ? {} : { "last-event-id": lastId }),
				},
			});
			connections += 1;
			asking.on("error", () => resolve());
			asking.on("response", (response) => {
				current = response;
				isOpen = response.statusCode === 200;
				if (!isOpen) refusals.push(response.statusCode ?? 0);
				const parser = createParser({
					onEvent: ({ id, data }) => void (id ? ids : ends).push(id ?? data),
				});
				response.setEncoding("utf8");
				response.on("data", (text: string) => isOpen && parser.feed(text));
				response.on("error", () => {});
				response.on("close", () => {
					if (isOpen && response.complete) inOrder += 1;
					isOpen = false;
					resolve();
				});
			});
			asking.end();
		});
	const run = async () => {
		while (!stopping && ends.length === 0) {
			await connect();
			await delay(retryMs.min + Math.random() * (retryMs.max - retryMs.min));
		}
	};
	return {
		ids,
		ends,
		refusals,
		connections: () => connections,
		isOpen: () => isOpen,
		endedInOrder: () => inOrder,
		done: run(),
		connectNoMore() {
			stopping = true;
		},
		stop() {
			stopping = true;
			current?.destroy();
		},
	};
}
