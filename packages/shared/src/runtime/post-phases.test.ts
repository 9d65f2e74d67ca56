import net, { type LookupFunction } from "node:net";
import tls from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { createCertificate } from "../testing/certificate.ts";
import {
	certificate,
	named,
	namedFreshAgent,
	outboundAgent,
	toLoopback,
} from "../testing/named-receiver.ts";
import {
	answer,
	closeAll,
	deferred,
	portOf,
	post,
	rawServer,
} from "../testing/raw-server.ts";
import type { MeasuredPostResult } from "./http-post.ts";

afterEach(closeAll);

const someTime = expect.any(Number);

async function tlsServer(options: tls.TlsOptions = certificate) {
	const server = tls.createServer(options, (socket) => {
		socket.on("error", () => {});
		socket.on("data", () => socket.end(answer("ok")));
	});
	server.on("tlsClientError", () => {});
	return `https://hooks.example:${await portOf(server)}/`;
}

function sumOfSteps({ phases }: MeasuredPostResult): number {
	const { dnsMs, connectMs, tlsMs, firstByteMs } = phases;
	const steps = [dnsMs, connectMs, tlsMs, firstByteMs];
	return steps.reduce<number>((sum, step) => sum + (step ?? 0), 0);
}

describe.each([
	["the outbound agent", outboundAgent],
	["the fresh-connection agent", namedFreshAgent],
])("a POST through %s", (_name, createAgent) => {
	it("has the time of every step to a name over TLS", async () => {
		const url = await tlsServer();

		const result = await post(url, { dispatcher: createAgent() });

		expect(result).toMatchObject({
			kind: "answered",
			phase: null,
			phases: {
				dnsMs: someTime,
				connectMs: someTime,
				tlsMs: someTime,
				firstByteMs: someTime,
				totalMs: someTime,
			},
		});
		// Each of the four is rounded by 0.05 at most.
		expect(sumOfSteps(result)).toBeLessThan(result.phases.totalMs + 0.3);
	});

	it("has no lookup for an address and no handshake for http", async () => {
		const { url } = await rawServer((socket) => socket.end(answer("ok")));

		const result = await post(url, { dispatcher: createAgent() });

		expect(result.phases).toEqual({
			dnsMs: null,
			connectMs: someTime,
			tlsMs: null,
			firstByteMs: someTime,
			totalMs: someTime,
		});
	});

	it("keeps its figures apart from another's to the same origin", async () => {
		const { url } = await rawServer((socket) => socket.end(answer("ok")));
		const slow = deferred<() => void>();
		let lookups = 0;
		const dispatcher = createAgent((host, options, callback) => {
			lookups += 1;
			const give = () => toLoopback(host, options, callback);
			if (lookups === 1) slow.resolve(give);
			else give();
		});

		const first = post(named(url), { dispatcher });
		const giveAddress = await slow.promise;
		const second = await post(named(url), { dispatcher });
		giveAddress();
		const { phases } = await first;

		expect(phases.dnsMs).toBeGreaterThanOrEqual(second.phases.totalMs);
		expect(phases.connectMs).toEqual(someTime);
		expect(second.phases.connectMs).toEqual(someTime);
		expect(sumOfSteps(second)).toBeLessThan(second.phases.totalMs + 0.3);
	});

	it("keeps its figures, one of many at once", async () => {
		const { url } = await rawServer((socket) => socket.end(answer("ok")));
		const dispatcher = createAgent();

		const results = await Promise.all(
			Array.from({ length: 40 }, () => post(named(url), { dispatcher })),
		);

		for (const result of results) {
			expect(result.phases.connectMs).toEqual(someTime);
			expect(sumOfSteps(result)).toBeLessThan(result.phases.totalMs + 0.3);
		}
	});

	it.each([
		["the name is not found", "dns"],
		["nobody vouches for the certificate", "tls"],
		["the time is over during the lookup", "dns"],
	])("tells the step in which it stayed unsent: %s", async (why, phase) => {
		const url = await tlsServer();
		const lookups: Record<string, LookupFunction> = {
			"the name is not found": (_host, _options, callback) =>
				callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []),
			"the time is over during the lookup": () => {},
		};
		const roots = createCertificate("nobody.example").cert;
		const dispatcher = createAgent(lookups[why], roots);

		const result = await post(url, { dispatcher, timeoutMs: 300 });

		expect(result).toMatchObject({ kind: "unsent", phase });
		expect(result.phases[`${phase as "dns" | "tls"}Ms`]).toEqual(someTime);
		expect(result.phases.firstByteMs).toBeNull();
	});

	it("tells that it was refused while connecting", async () => {
		const dispatcher = createAgent();

		const result = await post("http://127.0.0.1:1/", { dispatcher });

		expect(result).toMatchObject({ code: "ECONNREFUSED", phase: "connect" });
		expect(result.phases).toMatchObject({ dnsMs: null, connectMs: someTime });
	});

	it("tells that the handshake had no end", async () => {
		const port = await portOf(net.createServer(() => {}));
		const url = `https://hooks.example:${port}/`;

		const result = await post(url, {
			dispatcher: createAgent(),
			timeoutMs: 300,
		});

		expect(result).toMatchObject({
			kind: "unsent",
			code: "timeout",
			phase: "tls",
			phases: { dnsMs: someTime, connectMs: someTime, tlsMs: someTime },
		});
	});

	it("tells that the receiver does not read", async () => {
		const server = net.createServer({ pauseOnConnect: true });
		const url = `http://127.0.0.1:${await portOf(server)}/`;

		const result = await post(url, {
			dispatcher: createAgent(),
			// More than any system keeps for two sockets.
			body: Buffer.alloc(32 * 1024 * 1024),
			timeoutMs: 500,
		});

		expect(result).toMatchObject({ kind: "lost", phase: "send" });
	});

	it.each([
		["", "wait"],
		["HTTP/1.1 103 Early Hints\r\n\r\n", "wait"],
		["HTTP/1.1 2", "read"],
		["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n1", "read"],
	])("tells how far it came when %j was all that came", async (text, phase) => {
		const { url } = await rawServer((socket) => socket.write(text));

		const result = await post(url, {
			dispatcher: createAgent(),
			timeoutMs: 300,
		});

		expect(result).toMatchObject({ kind: "lost", code: "timeout", phase });
		expect(result.phases.firstByteMs).toEqual(
			phase === "read" ? someTime : null,
		);
	});
});
