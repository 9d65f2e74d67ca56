import type net from "node:net";
import { Agent, Dispatcher, interceptors } from "undici";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
	answer,
	closeAll,
	closedAtEnd,
	deferred,
	freshAgent,
	post,
	rawServer,
} from "../testing/raw-server.ts";

afterEach(closeAll);

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
			phase: "wait",
			address: "127.0.0.1",
			phases: expect.any(Object),
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
		const agent = closedAtEnd(new Agent());
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
