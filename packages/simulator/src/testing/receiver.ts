import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export type ReceivedCallback = {
	path: string;
	headers: IncomingHttpHeaders;
	text: string;
	/** The sender kept its promise about the length. */
	isComplete: boolean;
};

export type Receiver = {
	url: string;
	received: ReceivedCallback[];
	/** Waits until this many callbacks have come. */
	arrival(count: number): Promise<ReceivedCallback[]>;
	/** What the next callbacks are answered with; then 200 again. */
	answerWith(...statuses: number[]): void;
	close(): Promise<void>;
};

/** A real HTTP server that keeps what is posted to it. */
export async function startReceiver(): Promise<Receiver> {
	const received: ReceivedCallback[] = [];
	const waiting: { count: number; resolve: () => void }[] = [];
	const statuses: number[] = [];

	const server = createServer((req, res) => {
		const chunks: Buffer[] = [];
		const note = (isComplete: boolean) => {
			const text = Buffer.concat(chunks).toString();
			const { url: path = "", headers } = req;
			received.push({ path, headers, text, isComplete });
			for (const { count, resolve } of waiting)
				if (received.length >= count) resolve();
		};
		req.on("data", (chunk: Buffer) => chunks.push(chunk));
		req.on("error", () => note(false));
		req.on("end", () => {
			note(true);
			res.writeHead(statuses.shift() ?? 200).end("{}");
		});
	});
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	const { port } = server.address() as AddressInfo;

	return {
		url: `http://127.0.0.1:${port}/callbacks/secret-token`,
		received,
		async arrival(count) {
			if (received.length < count)
				await new Promise<void>((resolve) => {
					waiting.push({ count, resolve });
				});
			return received;
		},
		answerWith: (...next) => void statuses.push(...next),
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}
