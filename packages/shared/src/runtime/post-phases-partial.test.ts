import type net from "node:net";
import { setImmediate as nextCheck } from "node:timers/promises";
import { Agent } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { named, outboundAgent } from "../testing/named-receiver.ts";
import {
	answer,
	closeAll,
	closedAtEnd,
	post,
	rawServer,
} from "../testing/raw-server.ts";

afterEach(closeAll);

const someTime = expect.any(Number);

describe("a POST on a kept connection", () => {
	async function keptConnection(onRequest: (socket: net.Socket) => void) {
		let socket: net.Socket | undefined;
		const { url } = await rawServer((current) => {
			socket = current;
			onRequest(current);
		});
		const dispatcher = outboundAgent();
		const first = await post(named(url), { dispatcher });
		// undici hands the connection back in the next turn of the loop.
		await nextCheck();
		if (socket === undefined) throw new Error("no request came");
		return { first, socket, post: () => post(named(url), { dispatcher }) };
	}

	it("has no figures of the connection", async () => {
		const kept = await keptConnection((socket) => socket.write(answer("ok")));

		const second = await kept.post();

		expect(kept.first.phases.connectMs).toEqual(someTime);
		expect(second.phases).toEqual({
			dnsMs: null,
			connectMs: null,
			tlsMs: null,
			firstByteMs: someTime,
			totalMs: someTime,
		});
	});

	it("has those of a new one when the kept one dies before the first byte, whoever else connects", async () => {
		const kept = await keptConnection((socket) => socket.write(answer("ok")));

		// The next turn of the loop reads the end first, and would start the POST after it.
		kept.socket.end();
		const results = await Promise.all([kept.post(), kept.post()]);

		const whole = {
			kind: "answered",
			phases: { dnsMs: someTime, connectMs: someTime },
		};
		expect(results).toMatchObject([whole, whole]);
	});

	it("stays unsent, in no step, when the kept one is reset before the first byte", async () => {
		const kept = await keptConnection((socket) => socket.write(answer("ok")));

		kept.socket.resetAndDestroy();
		const second = await kept.post();

		expect(second).toMatchObject({
			kind: "unsent",
			code: "ECONNRESET",
			phase: null,
		});
	});
});

describe("a POST that never came to a connection", () => {
	it("has no step when its address is forbidden", async () => {
		const result = await post("http://127.0.0.2:1/", {
			dispatcher: outboundAgent(),
		});

		expect(result).toMatchObject({
			kind: "unsent",
			code: "forbidden_address",
			phase: null,
			phases: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null },
		});
	});

	it("has no step when it is no URL", async () => {
		const result = await post("hooks");

		expect(result).toMatchObject({ code: "invalid_url", phase: null });
	});
});

describe("a POST through a dispatcher that is not ours", () => {
	it("has the figures of the exchange alone", async () => {
		const { url } = await rawServer((socket) => socket.end(answer("ok")));
		const dispatcher = closedAtEnd(new Agent());

		const result = await post(url, { dispatcher });

		expect(result.phases).toEqual({
			dnsMs: null,
			connectMs: null,
			tlsMs: null,
			firstByteMs: someTime,
			totalMs: someTime,
		});
	});
});
