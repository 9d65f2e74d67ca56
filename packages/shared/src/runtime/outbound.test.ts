import { once } from "node:events";
import http from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseCidrs } from "./address.ts";
import { postOnce } from "./http-post.ts";
import {
	checkWebhookUrl,
	createOutboundAgent,
	type OutboundOptions,
} from "./outbound.ts";

const loopback = parseCidrs("127.0.0.1/32");
const nothing = parseCidrs("");

let server: http.Server;
let port: number;
let requests: number;
let agents: ReturnType<typeof createOutboundAgent>[];

beforeEach(async () => {
	agents = [];
	requests = 0;
	server = http.createServer((_request, response) => {
		requests += 1;
		response.end("ok");
	});
	// All loopback addresses: a refused one would have been answered.
	server.listen(0, "0.0.0.0");
	await once(server, "listening");
	port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
	for (const agent of agents) await agent.destroy();
	server.closeAllConnections();
	server.close();
});

function send(host: string, options: OutboundOptions) {
	const dispatcher = createOutboundAgent(options);
	agents.push(dispatcher);
	return postTo(host, dispatcher);
}

function postTo(host: string, dispatcher: (typeof agents)[number]) {
	return postOnce({
		dispatcher,
		url: `http://${host}:${port}/hooks`,
		headers: {},
		body: "{}",
		timeoutMs: 10_000,
		maxResponseBytes: 1024,
	});
}

/** Answers each question with the next list, and counts the questions. */
function resolver(...answers: string[][]) {
	const asked: string[] = [];
	const lookup: LookupFunction = (hostname, _options, callback) => {
		const list = answers[Math.min(asked.length, answers.length - 1)] ?? [];
		asked.push(hostname);
		const family = (ip: string) => (ip.includes(":") ? 6 : 4);
		callback(
			null,
			list.map((address) => ({ address, family: family(address) })),
		);
	};
	return { lookup, asked };
}

describe("the outbound agent", () => {
	it.each([
		"127.0.0.1",
		"127.1",
		"2130706433",
		"0x7f.1",
		"0177.0.0.1",
		"0.0.0.0",
		"localhost",
		"LOCALHOST",
		"[::1]",
		"[::ffff:127.0.0.1]",
		"[::127.0.0.1]",
		"[64:ff9b::127.0.0.1]",
	])("refuses the literal %s before a socket is opened", async (host) => {
		const connections = { count: 0 };
		server.on("connection", () => {
			connections.count += 1;
		});

		const result = await send(host, { allowCidrs: nothing });

		expect(result).toMatchObject({ kind: "unsent", code: "forbidden_address" });
		expect(connections.count).toBe(0);
	});

	it.each([
		["a private address", ["127.0.0.1"]],
		["a private one behind a public one", ["8.8.8.8", "127.0.0.1"]],
		["a private one before a public one", ["127.0.0.1", "8.8.8.8"]],
		["a mapped private address", ["::ffff:127.0.0.1"]],
		["the metadata service", ["169.254.169.254"]],
		["a text that is no address", ["127.1"]],
	])("refuses a name that resolves to %s", async (_name, addresses) => {
		const { lookup } = resolver(addresses);

		const result = await send("hooks.example", { allowCidrs: nothing, lookup });

		expect(result).toEqual({
			kind: "unsent",
			code: "forbidden_address",
			message: "hooks.example leads to an address that is not public",
			address: null,
			phase: "dns",
			phases: expect.any(Object),
		});
		expect(requests).toBe(0);
	});

	it("refuses a name that has rebound since the last request", async () => {
		const { lookup, asked } = resolver(["127.0.0.1"], ["127.0.0.2"]);
		const options = { allowCidrs: loopback, lookup };

		const before = await send("hooks.example", options);
		const after = await send("hooks.example", options);

		expect(before).toMatchObject({ kind: "answered" });
		expect(after).toMatchObject({ kind: "unsent", code: "forbidden_address" });
		expect([asked.length, requests]).toEqual([2, 1]);
	});

	it("asks once per connection: what was checked is what is connected to", async () => {
		const { lookup, asked } = resolver(["127.0.0.1"], ["127.0.0.2"]);

		const result = await send("hooks.example", {
			allowCidrs: loopback,
			lookup,
		});

		expect(result).toMatchObject({ kind: "answered", text: "ok" });
		expect(asked).toEqual(["hooks.example"]);
	});

	it("reaches only what was opened, and reports each use", async () => {
		const uses: string[] = [];
		const { lookup } = resolver(["127.0.0.1"]);
		const options: OutboundOptions = {
			allowCidrs: loopback,
			lookup,
			onAllowedPrivate: ({ hostname, address }) =>
				uses.push(`${hostname} ${address}`),
		};

		const results = await Promise.all(
			["127.0.0.1", "localhost", "hooks.example", "127.0.0.2"].map((host) =>
				send(host, options),
			),
		);

		expect(results.map(({ kind }) => kind)).toEqual([
			"answered",
			"answered",
			"answered",
			"unsent",
		]);
		expect(uses.sort()).toEqual([
			"127.0.0.1 127.0.0.1",
			"hooks.example 127.0.0.1",
			"localhost 127.0.0.1",
		]);
	});

	it("tells a name without an address as unsent", async () => {
		const { lookup } = resolver([]);

		const result = await send("hooks.example", {
			allowCidrs: loopback,
			lookup,
		});

		expect(result).toMatchObject({ kind: "unsent", code: "ENOTFOUND" });
	});

	it("goes on serving a host after a refusal", async () => {
		const { lookup } = resolver(["127.0.0.2"], ["127.0.0.1"]);
		const dispatcher = createOutboundAgent({ allowCidrs: loopback, lookup });
		agents.push(dispatcher);

		const results = [
			await postTo("hooks.example", dispatcher),
			await postTo("hooks.example", dispatcher),
		];

		expect(results.map(({ kind }) => kind)).toEqual(["unsent", "answered"]);
	});
});

describe("checkWebhookUrl", () => {
	const cidrs = parseCidrs("127.0.0.0/8, fd00::/8");

	it.each([
		"https://hooks.example.com/reelay?a=1",
		"https://hooks.example.com:443/",
		"https://8.8.8.8/hooks",
		"http://127.0.0.1:8080/hooks",
		"https://127.0.0.1:8443/hooks",
		"http://0x7f.1/hooks",
		"http://localhost:3009/hooks",
		"http://[fd00::1]:8080/",
	])("finds nothing wrong with %s", (url) => {
		expect(checkWebhookUrl(url, cidrs)).toBeNull();
	});

	it.each([
		["", /not a URL/],
		["hooks.example.com", /not a URL/],
		["https://", /not a URL/],
		[" https://hooks.example.com", /not a URL/],
		["https://hooks.exa\tmple.com", /not a URL/],
		["https://hooks.example.com/\n", /not a URL/],
		["https://hooks.example.com\\@8.8.8.8/", /backslash/],
		["ftp://hooks.example.com", /must start with https:/],
		["javascript:alert(1)", /must start with https:/],
		["http://hooks.example.com", /must start with https:/],
		["https://hooks.example.com:8443", /port must be 443, not 8443/],
		["https://hooks.example.com:80", /port must be 443, not 80/],
		["https://user@hooks.example.com", /user name or password/],
		["https://:pw@hooks.example.com", /user name or password/],
		["https://hooks.example.com/#a", /fragment/],
		["https://hooks.example.com/#", /fragment/],
		[`https://hooks.example.com/${"a".repeat(2048)}`, /2048 are allowed/],
		["https://10.0.0.1/", /10\.0\.0\.1 is not on the public internet/],
		["https://[::1]/", /is not on the public internet/],
		["https://[::ffff:10.0.0.1]/", /is not on the public internet/],
		["https://localhost./", /is not on the public internet/],
		["https://api.localhost/", /is not on the public internet/],
		["https://metadata.google.internal/", /OUTBOUND_ALLOW_CIDRS/],
		["https://receiver/hooks", /is not on the public internet/],
		["https://0xa9fea9fe/latest", /169\.254\.169\.254 is not on the public/],
	])("says what to change in %j", (url, sentence) => {
		expect(checkWebhookUrl(url, cidrs)).toMatch(sentence);
	});

	it.each(["http://127.0.0.1:8080/", "http://localhost/", "https://[::1]/"])(
		"refuses %s when nothing was opened",
		(url) => {
			expect(checkWebhookUrl(url, nothing)).toMatch(/not on the public/);
		},
	);
});
