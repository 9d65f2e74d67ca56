import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { Agent, Dispatcher, interceptors } from "undici";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
	createFreshConnectionAgent,
	type PostOnceRequest,
	postOnce,
} from "./http-post.ts";

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
	for (const close of closers.splice(0).reverse()) await close();
});

async function portOf(server: net.Server): Promise<number> {
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
async function rawServer(onRequest: (socket: net.Socket) => void) {
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

function freshAgent() {
	const agent = createFreshConnectionAgent();
	closers.push(() => agent.destroy());
	return agent;
}

function post(url: string, changes: Partial<PostOnceRequest> = {}) {
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

function deferred<T = void>() {
	let resolve: (value: T) => void = () => {};
	const promise = new Promise<T>((settle) => {
		resolve = settle;
	});
	return { promise, resolve: (value: T) => resolve(value) };
}

const answer = (body: string, head = "200 OK") =>
	`HTTP/1.1 ${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe("an answered POST", () => {
	it("gives status, headers and text, and sends what it was given", async () => {
		const { url, received } = await rawServer((socket) =>
			socket.end(
				answer(
					"ok",
					"201 Created\r\nRetry-After: 5\r\nset-cookie: a\r\nset-cookie: b",
				),
			),
		);

		const result = await post(`${url}?a=1`, { headers: { "x-one": "1" } });

		expect(result).toEqual({
			kind: "answered",
			status: 201,
			headers: {
				"retry-after": "5",
				"set-cookie": "a, b",
				"content-length": "2",
			},
			text: "ok",
			truncated: false,
		});
		expect(received).toHaveLength(1);
		expect(received[0]).toMatch(/^POST \/hook\?a=1 HTTP\/1\.1\r\n/);
		expect(received[0]).toMatch(/\r\nx-one: 1\r\n/);
		expect(received[0]).toMatch(/\r\ncontent-length: 2\r\n/);
	});

	it("waits for the final status behind an interim one", async () => {
		const { url } = await rawServer((socket) => {
			socket.write("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
			socket.end(answer("done", "202 Accepted"));
		});

		const result = await post(url);

		expect(result).toMatchObject({
			kind: "answered",
			status: 202,
			text: "done",
		});
	});

	it("does not follow a redirect", async () => {
		const target = await rawServer((socket) => socket.end(answer("no")));
		const { url } = await rawServer((socket) =>
			socket.end(
				answer("", `307 Temporary Redirect\r\nlocation: ${target.url}`),
			),
		);

		const result = await post(url);

		expect(result).toMatchObject({ kind: "answered", status: 307 });
		expect(target.received).toEqual([]);
	});

	it("does not inflate a compressed body", async () => {
		const packed = gzipSync("x".repeat(1_000_000));
		const { url } = await rawServer((socket) => {
			const head = `content-encoding: gzip\r\ncontent-length: ${packed.length}`;
			socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`);
			socket.end(packed);
		});

		const result = await post(url);

		expect(result).toMatchObject({ kind: "answered", truncated: false });
		expect(result.kind === "answered" && result.text.length).toBeLessThan(
			packed.length + 1,
		);
	});

	it("keeps only the bytes it was asked to keep, in whole characters", async () => {
		const { url } = await rawServer((socket) => socket.end(answer("aé🎬b")));

		const results = await Promise.all(
			[0, 1, 2, 3, 6, 7, 8].map((keepBytes) => post(url, { keepBytes })),
		);

		const kept = results.map((result) =>
			result.kind === "answered" ? [result.text, result.truncated] : result,
		);
		expect(kept).toEqual([
			["", true],
			["a", true],
			["a", true],
			["aé", true],
			["aé", true],
			["aé🎬", true],
			["aé🎬b", false],
		]);
	});

	it("hangs up on a body without end and answers with what it kept", async () => {
		let written = 0;
		const hungUp = deferred();
		const { url } = await rawServer((socket) => {
			const block = Buffer.alloc(65_536, "x");
			socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n");
			const fill = () => {
				while (!socket.destroyed && socket.write(block))
					written += block.length;
				written += block.length;
			};
			socket.on("drain", fill);
			socket.on("close", hungUp.resolve);
			fill();
		});

		const result = await post(url, { keepBytes: 4096 });
		await hungUp.promise;

		expect(result).toMatchObject({
			kind: "answered",
			status: 200,
			truncated: true,
		});
		expect(result.kind === "answered" && result.text).toBe("x".repeat(4096));
		expect(written).toBeLessThan(64 * 1024 * 1024);
	});
});

describe("a lost POST", () => {
	const partial = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";

	it.each([
		[
			"a reset after the request was read",
			(s: net.Socket) => s.resetAndDestroy(),
			null,
			"ECONNRESET",
		],
		[
			"a close without an answer",
			(s: net.Socket) => s.end(),
			null,
			"UND_ERR_SOCKET",
		],
		[
			"an answer that is not HTTP",
			(s: net.Socket) => s.end("hello\r\n\r\n"),
			null,
			"HTTPParserError",
		],
		[
			"a head cut midway",
			(s: net.Socket) => s.end("HTTP/1.1 200 OK\r\nx"),
			null,
			"UND_ERR_SOCKET",
		],
		[
			"a body cut midway",
			(s: net.Socket) => s.end(partial),
			200,
			"UND_ERR_SOCKET",
		],
	])("is told after %s", async (_name, onRequest, status, code) => {
		const { url, received } = await rawServer(onRequest);

		const result = await post(url);

		expect(result).toMatchObject({ kind: "lost", status });
		expect("code" in result && result.code).toMatch(code);
		expect(received).toHaveLength(1);
	});

	it("is told when the answer never comes, and the socket is closed", async () => {
		const closed = deferred();
		const { url } = await rawServer((socket) => {
			socket.on("close", () => closed.resolve());
		});

		const result = await post(url, { timeoutMs: 50 });
		await closed.promise;

		expect(result).toEqual({
			kind: "lost",
			code: "timeout",
			message: "no full answer within 50 ms",
			status: null,
		});
	});

	it("is told when the body drips past the timeout of the whole exchange", async () => {
		const { url } = await rawServer((socket) => {
			socket.write("HTTP/1.1 200 OK\r\n\r\n");
			const drip = setInterval(() => socket.write("."), 5);
			socket.on("close", () => clearInterval(drip));
		});

		const result = await post(url, { timeoutMs: 100 });

		expect(result).toMatchObject({
			kind: "lost",
			code: "timeout",
			status: 200,
		});
	});

	it("is told when the caller cancels after the request was read", async () => {
		const controller = new AbortController();
		const { url } = await rawServer(() => controller.abort());

		const result = await post(url, { signal: controller.signal });

		expect(result).toMatchObject({
			kind: "lost",
			code: "aborted",
			status: null,
		});
	});
});

describe("sending once", () => {
	it("is kept even under a dispatcher that retries", async () => {
		const { url, received } = await rawServer((socket) => {
			socket.end(answer("", "503 Service Unavailable"));
		});
		const retrying = freshAgent().compose(
			interceptors.retry({ methods: ["POST"], minTimeout: 1, maxRetries: 3 }),
		);

		const result = await post(url, { dispatcher: retrying });

		expect(result).toMatchObject({ kind: "lost", code: "resent" });
		expect(received).toHaveLength(1);
	});

	it("is kept by undici itself when a kept connection dies", async () => {
		const agent = new Agent();
		closers.push(() => agent.destroy());
		let requests = 0;
		const { url } = await rawServer((socket) => {
			requests += 1;
			if (requests === 1) socket.write(answer("first"));
			else socket.resetAndDestroy();
		});

		const first = await post(url, { dispatcher: agent });
		const second = await post(url, { dispatcher: agent });

		expect(first).toMatchObject({ kind: "answered", text: "first" });
		expect(second).toMatchObject({ kind: "lost" });
		expect(requests).toBe(2);
	});

	it("leaves no other clock running than its own", async () => {
		const dispatch = vi.fn((_options, handler: Dispatcher.DispatchHandler) => {
			handler.onResponseError?.({} as never, new Error("no network"));
			return true;
		});
		const dispatcher = Object.assign(new Dispatcher(), { dispatch });

		await post("http://127.0.0.1:1/", { dispatcher });

		expect(dispatch.mock.lastCall?.[0]).toMatchObject({
			headersTimeout: 0,
			bodyTimeout: 0,
		});
	});
});
