import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import {
	createFreshConnectionAgent,
	type PostOnceRequest,
	postOnce,
} from "../runtime/http-post.ts";

const closers: (() => Promise<unknown>)[] = [];

/** Ends everything that was opened here since the last time. */
export async function closeAll(): Promise<void> {
	for (const close of closers.splice(0).reverse()) await close();
}

/** Listens on a free port of the loopback until `closeAll`. */
export async function portOf(server: net.Server): Promise<number> {
	const sockets = new Set<net.Socket>();
	server.on("connection", (socket) => {
		sockets.add(socket);
		socket.on("error", () => {});
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	closers.push(async () => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	return (server.address() as AddressInfo).port;
}

/** Talks raw TCP: `onRequest` is called once the request is there whole. */
export async function rawServer(onRequest: (socket: net.Socket) => void) {
	const received: string[] = [];
	const server = net.createServer((socket) => {
		let text = "";
		socket.on("data", (chunk) => {
			text += chunk;
			if (!text.includes("\r\n\r\n{}")) return;
			received.push(text);
			text = "";
			onRequest(socket);
		});
	});
	const port = await portOf(server);
	return { url: `http://127.0.0.1:${port}/hook`, received };
}

/** An agent as a paid POST has it. */
export function freshAgent(
	options?: Parameters<typeof createFreshConnectionAgent>[0],
) {
	return closedAtEnd(createFreshConnectionAgent(options));
}

/** The agent itself, which `closeAll` destroys. */
export function closedAtEnd<Closed extends { destroy(): Promise<void> }>(
	agent: Closed,
): Closed {
	closers.push(() => agent.destroy());
	return agent;
}

/** A POST of `{}`, with what a test changes of it. */
export function post(url: string, changes: Partial<PostOnceRequest> = {}) {
	return postOnce({
		dispatcher: changes.dispatcher ?? freshAgent(),
		url,
		headers: { "content-type": "application/json" },
		body: "{}",
		timeoutMs: 10_000,
		maxResponseBytes: 65_536,
		...changes,
	});
}

/** A promise, and what resolves it. */
export function deferred<T = void>() {
	let resolve: (value: T) => void = () => {};
	const promise = new Promise<T>((settle) => {
		resolve = settle;
	});
	return { promise, resolve: (value: T) => resolve(value) };
}

/** A whole answer of HTTP/1.1. */
export const answer = (body: string, head = "200 OK") =>
	`HTTP/1.1 ${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
