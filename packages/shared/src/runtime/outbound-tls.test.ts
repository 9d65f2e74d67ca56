import { once } from "node:events";
import type { AddressInfo, LookupFunction } from "node:net";
import tls from "node:tls";
import type { Dispatcher } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { createCertificate } from "../testing/certificate.ts";
import { parseCidrs } from "./address.ts";
import { createFreshConnectionAgent, postOnce } from "./http-post.ts";
import { createOutboundAgent } from "./outbound.ts";

const allowCidrs = parseCidrs("127.0.0.1/32");
const lookup: LookupFunction = (_host, _options, callback) =>
	callback(null, [{ address: "127.0.0.1", family: 4 }]);

const closers: (() => unknown)[] = [];

afterEach(async () => {
	for (const close of closers.splice(0)) await close();
});

async function tlsServer(dnsName: string) {
	const { cert, key } = createCertificate(dnsName);
	const requests: string[] = [];
	const resumed: boolean[] = [];
	const server = tls.createServer({ cert, key, maxVersion: "TLSv1.2" });
	server.on("secureConnection", (socket) => {
		resumed.push(socket.isSessionReused());
		socket.on("error", () => {});
		socket.on("data", (chunk) => {
			requests.push(chunk.toString());
			socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
		});
	});
	server.on("tlsClientError", () => {});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	closers.push(() => server.close());
	const { port } = server.address() as AddressInfo;
	return { cert, requests, resumed, url: `https://hooks.example:${port}/` };
}

function post(dispatcher: Dispatcher, url: string) {
	closers.push(() => dispatcher.destroy());
	return postOnce({
		dispatcher,
		url,
		headers: {},
		body: "{}",
		timeoutMs: 10_000,
		maxResponseBytes: 1024,
	});
}

describe.each([
	[
		"the outbound agent",
		(ca?: string) =>
			createOutboundAgent({ allowCidrs, lookup, ...(ca ? { ca } : {}) }),
	],
	[
		"the fresh-connection agent",
		(ca?: string) =>
			createFreshConnectionAgent({ lookup, ...(ca ? { ca } : {}) }),
	],
])("%s", (_name, createAgent) => {
	it("speaks to a server whose certificate bears the host's name", async () => {
		const { url, cert } = await tlsServer("hooks.example");

		const result = await post(createAgent(cert), url);

		expect(result).toMatchObject({ kind: "answered", text: "ok" });
	});

	it("checks the name at every connection, resuming no session", async () => {
		const { url, cert, resumed } = await tlsServer("hooks.example");
		const agent = createAgent(cert);

		for (let count = 0; count < 3; count += 1) await post(agent, url);

		expect(resumed).toEqual([false, false, false]);
	});

	it("sends nothing to a trusted server of another name, however often", async () => {
		const { url, cert, requests } = await tlsServer("other.example");
		const agent = createAgent(cert);

		const results = [
			await post(agent, url),
			await post(agent, url),
			await post(agent, url),
		];

		const refused = { kind: "unsent", code: "ERR_TLS_CERT_ALTNAME_INVALID" };
		expect(results).toMatchObject([refused, refused, refused]);
		expect(requests).toEqual([]);
	});

	it("sends nothing to a server that nobody vouches for", async () => {
		const { url, requests } = await tlsServer("hooks.example");

		const result = await post(createAgent(), url);

		expect(result).toMatchObject({
			kind: "unsent",
			code: "DEPTH_ZERO_SELF_SIGNED_CERT",
		});
		expect(requests).toEqual([]);
	});
});
