import net from "node:net";
import { setImmediate as nextCheck } from "node:timers/promises";
import type { Dispatcher } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { classifyFailure } from "../domain/delivery-failure.ts";
import {
	type Behaviour,
	bomb,
	brokenOff,
	endless,
	flood,
	floods,
	malformed,
	say,
	sayAndClose,
} from "../testing/hostile-receivers.ts";
import {
	answer,
	closeAll,
	closedAtEnd,
	deferred,
	portOf,
	post,
	rawServer,
} from "../testing/raw-server.ts";
import { parseCidrs } from "./address.ts";
import type { MeasuredPostResult } from "./http-post.ts";
import { createOutboundAgent } from "./outbound.ts";

const allowCidrs = parseCidrs("127.0.0.1/32");
const impatient = { timeoutMs: 500 };
const patient = { timeoutMs: 1_000 };
// What we read of an answer, and what the system keeps for two sockets.
const bufferedBytes = 16 * 1024 * 1024;

let dispatcher: Dispatcher;

beforeEach(() => {
	dispatcher = closedAtEnd(createOutboundAgent({ allowCidrs }));
});

afterEach(closeAll);

/** A receiver that behaves so, the bytes that it got rid of, and the moment when the sender has hung up. */
async function startHostile(behave: Behaviour) {
	const closed = deferred();
	let written = () => 0;
	const { url, received } = await rawServer((socket) => {
		written = () => socket.bytesWritten;
		socket.once("close", () => closed.resolve());
		behave(socket);
	});
	return { url, received, closed: closed.promise, written: () => written() };
}

/** A POST to a hostile receiver, and at the same time one to a healthy receiver through the same agent. */
async function postBeside(url: string, limits: { timeoutMs: number }) {
	const healthy = await rawServer((socket) => socket.write(answer("ok")));
	const [result, beside] = await Promise.all([
		post(url, { dispatcher, keepBytes: 4_096, ...limits }),
		post(healthy.url, { dispatcher }),
	]);
	return { result, beside };
}

function classOf(result: MeasuredPostResult) {
	const code = "code" in result ? result.code : null;
	const status = "status" in result ? result.status : null;
	return classifyFailure({ status, code, phase: result.phase });
}

const isAnswered = { kind: "answered", status: 200, text: "ok" };

describe("a receiver whose answer has no end", () => {
	const neverBegun = ["says nothing", "drips interim answers"];

	it.each(Object.entries(endless))(
		"%s until the time is over",
		async (name, behave) => {
			const { url, closed } = await startHostile(behave);

			const { result, beside } = await postBeside(url, impatient);
			await closed;

			const phase = neverBegun.includes(name) ? "wait" : "read";
			expect(result).toMatchObject({ kind: "lost", code: "timeout", phase });
			expect(classOf(result)).toBe(
				phase === "wait" ? "timeout_first_byte" : "timeout_read",
			);
			expect(beside).toMatchObject(isAnswered);
		},
	);

	it.each(Object.entries(floods))(
		"%s, and is hung up on",
		async (_name, behave) => {
			const { url, closed, written } = await startHostile(behave);

			const { result, beside } = await postBeside(url, patient);
			await closed;

			expect(result).toMatchObject({ kind: "lost" });
			expect(classOf(result)).toBe("protocol_error");
			expect(written()).toBeLessThan(bufferedBytes);
			expect(beside).toMatchObject(isAnswered);
		},
	);
});

describe("a receiver that breaks off", () => {
	it.each(Object.entries(brokenOff))("%s", async (name, behave) => {
		const { url } = await startHostile(behave);

		const { result, beside } = await postBeside(url, patient);

		const phase = name.endsWith("without a word") ? "wait" : "read";
		expect(result).toMatchObject({ kind: "lost", phase });
		expect(classOf(result)).toBe("reset");
		expect(beside).toMatchObject(isAnswered);
	});

	it("closes as soon as it has accepted", async () => {
		const port = await portOf(net.createServer((socket) => socket.destroy()));

		const { result, beside } = await postBeside(
			`http://127.0.0.1:${port}/`,
			patient,
		);

		expect(["send", "wait"]).toContain(result.phase);
		expect(classOf(result)).toBe("reset");
		expect(beside).toMatchObject(isAnswered);
	});
});

describe("a receiver that does not speak HTTP/1.1", () => {
	it.each(Object.entries(malformed))("%s", async (_name, behave) => {
		const { url, closed, written } = await startHostile(behave);

		const { result, beside } = await postBeside(url, patient);
		await closed;

		expect(result).toMatchObject({ kind: "lost", phase: "read" });
		expect(classOf(result)).toBe("protocol_error");
		expect(written()).toBeLessThan(bufferedBytes);
		expect(beside).toMatchObject(isAnswered);
	});
});

describe("a receiver whose answer is larger than it seems, or than it should be", () => {
	const ok = "HTTP/1.1 200 OK\r\n";

	it.each([
		["without a length", `${ok}\r\n`],
		["of a declared length", `${ok}content-length: 99999999999\r\n\r\n`],
		["of packed zeros", `${ok}content-encoding: gzip\r\n\r\n`],
	])(
		"is cut off in an endless body %s, and has answered",
		async (_name, head) => {
			const { url, closed, written } = await startHostile(flood(head, "x"));

			const { result, beside } = await postBeside(url, patient);
			await closed;

			expect(result).toMatchObject({
				kind: "answered",
				status: 200,
				text: "x".repeat(4_096),
				truncated: true,
			});
			expect(written()).toBeLessThan(bufferedBytes);
			expect(beside).toMatchObject(isAnswered);
		},
	);

	it.each(["gzip", "deflate", "br"] as const)(
		"is not inflated when it is a bomb of %s",
		async (encoding) => {
			const packed = bomb(encoding);
			const { url } = await startHostile(sayAndClose(packed));

			const { result, beside } = await postBeside(url, patient);

			const body = packed.subarray(packed.indexOf("\r\n\r\n") + 4);
			const kept = body.subarray(0, 4_096);
			const isCut = body.length > kept.length;
			expect(result).toMatchObject({
				kind: "answered",
				text: new TextDecoder().decode(kept, { stream: isCut }),
				truncated: isCut,
			});
			expect(beside).toMatchObject(isAnswered);
		},
	);

	it("is taken with its trailers, which count for nothing", async () => {
		const { url } = await startHostile(
			say(
				`${ok}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-a: 1\r\n\r\n`,
			),
		);

		const { result } = await postBeside(url, patient);

		expect(result).toMatchObject(isAnswered);
		expect("headers" in result && result.headers).not.toHaveProperty("x-a");
	});
});

describe("a receiver that keeps its connection", () => {
	/** A receiver that numbers its answers, after one POST, with its connection back in the agent's hands. */
	async function keepConnection(first: (socket: net.Socket) => void) {
		let kept: net.Socket | undefined;
		const { url, received } = await rawServer((socket) => {
			const text = answer(`own ${received.length}`);
			if (kept !== undefined) return void socket.write(text);
			kept = socket;
			socket.write(text);
			first(socket);
		});
		await post(url, { dispatcher });
		await nextCheck();
		if (kept === undefined) throw new Error("no request came");
		return { socket: kept, received, post: () => post(url, { dispatcher }) };
	}

	it("answers the next POST with nothing that it said in one breath with the last answer", async () => {
		const kept = await keepConnection((socket) => {
			socket.write(answer("poison"));
		});

		const result = await kept.post();

		expect(result).toMatchObject({ kind: "answered", text: "own 2" });
	});

	it.each([
		["an answer", answer("poison")],
		["half an answer", "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npo"],
		["the end of a longer body", "poison"],
	])(
		"answers the next POST with nothing of %s that it sent unasked",
		async (_name, text) => {
			const kept = await keepConnection(() => {});

			kept.socket.write(text);
			const result = await kept.post();

			expect(result).toMatchObject({ kind: "answered", text: "own 2" });
		},
	);

	it("may close it between two POSTs", async () => {
		const kept = await keepConnection((socket) => socket.end());

		const result = await kept.post();

		expect(result).toMatchObject({ kind: "answered", text: "own 2" });
		expect(kept.received).toHaveLength(2);
	});

	it("is not believed when it answers after the time was over", async () => {
		const late: net.Socket[] = [];
		const { url } = await rawServer((socket) => {
			if (late.push(socket) > 1) socket.write(answer("ok"));
		});

		const first = await post(url, { dispatcher, ...impatient });
		late[0]?.write(answer("late"));
		const second = await post(url, { dispatcher });

		expect(classOf(first)).toBe("timeout_first_byte");
		expect(second).toMatchObject(isAnswered);
	});
});
