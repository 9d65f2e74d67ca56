import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo, type LookupFunction } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
	closeAll,
	deferred,
	freshAgent,
	portOf,
	post,
} from "../testing/raw-server.ts";

afterEach(closeAll);

describe("an unsent POST", () => {
	it("is told when the port refuses", async () => {
		const server = net.createServer().listen(0, "127.0.0.1");
		await once(server, "listening");
		const { port } = server.address() as AddressInfo;
		server.close();
		await once(server, "close");

		const result = await post(`http://127.0.0.1:${port}/`);

		expect(result).toMatchObject({ kind: "unsent", code: "ECONNREFUSED" });
	});

	it("is told with a reason when every address of the host refuses", async () => {
		const lookup: LookupFunction = (_host, _options, done) =>
			done(null, [
				{ address: "127.0.0.1", family: 4 },
				{ address: "127.0.0.2", family: 4 },
			]);
		const dispatcher = freshAgent({ lookup });

		const result = await post("http://hooks.example:1/", { dispatcher });

		expect(result).toMatchObject({ kind: "unsent", code: "ECONNREFUSED" });
		expect("message" in result && result.message).toMatch(/ECONNREFUSED/);
	});

	it("is told when the name has no address", async () => {
		const lookup: LookupFunction = (host, _options, done) => {
			const error = new Error(`getaddrinfo ENOTFOUND ${host}`);
			done(Object.assign(error, { code: "ENOTFOUND" }), "", 0);
		};
		const dispatcher = freshAgent({ lookup });

		const result = await post("https://gone.example/", { dispatcher });

		expect(result).toMatchObject({ kind: "unsent", code: "ENOTFOUND" });
	});

	it("is told when connecting takes too long", async () => {
		const lookup: LookupFunction = () => {};
		const dispatcher = freshAgent({ lookup, connectTimeoutMs: 20 });

		const result = await post("http://slow.example/", { dispatcher });

		expect(result).toMatchObject({
			kind: "unsent",
			code: "UND_ERR_CONNECT_TIMEOUT",
		});
	});

	it("is told when the other side does not speak TLS", async () => {
		const port = await portOf(
			net.createServer((socket) => socket.end("HTTP/1.1 400 No\r\n\r\n")),
		);

		const result = await post(`https://127.0.0.1:${port}/`);

		expect(result).toMatchObject({ kind: "unsent" });
		expect("code" in result && result.code).toMatch(/^(EPROTO|ERR_SSL_)/);
	});

	it("is told when the handshake is reset, by a code that may mean lost", async () => {
		const port = await portOf(
			net.createServer((socket) =>
				socket.once("data", () => socket.resetAndDestroy()),
			),
		);

		const result = await post(`https://127.0.0.1:${port}/`);

		expect(result).toMatchObject({ kind: "unsent", code: "ECONNRESET" });
	});

	it("stays unsent when the connection comes after the caller was told", async () => {
		const closed = deferred<number>();
		const port = await portOf(
			net.createServer((socket) => {
				socket.resume().on("close", () => closed.resolve(socket.bytesRead));
			}),
		);
		const asked = deferred<() => void>();
		const lookup: LookupFunction = (_host, _options, done) =>
			asked.resolve(() => done(null, [{ address: "127.0.0.1", family: 4 }]));
		const dispatcher = freshAgent({ lookup });

		const url = `http://late.example:${port}/`;
		const result = await post(url, { dispatcher, timeoutMs: 20 });
		const answerLookup = await asked.promise;
		answerLookup();

		expect(result).toMatchObject({ kind: "unsent", code: "timeout" });
		expect(await closed.promise).toBe(0);
	});

	it("is told when the caller cancels before or while connecting", async () => {
		const lookup: LookupFunction = () => controller.abort();
		const controller = new AbortController();
		const dispatcher = freshAgent({ lookup });

		const results = [
			await post("http://127.0.0.1:1/", { signal: AbortSignal.abort() }),
			await post("http://slow.example/", {
				dispatcher,
				signal: controller.signal,
			}),
		];

		const aborted = { kind: "unsent", code: "aborted" };
		expect(results).toMatchObject([aborted, aborted]);
	});

	it.each([
		["no URL", { url: "hooks" }, "invalid_url"],
		["no web address", { url: "ftp://127.0.0.1:1/" }, "invalid_url"],
		[
			"a header with a line break",
			{ headers: { "x-a": "1\r\nx-b: 2" } },
			"UND_ERR_INVALID_ARG",
		],
	])("is told for %s", async (_name, changes, code) => {
		const result = await post("http://127.0.0.1:1/", changes);

		expect(result).toMatchObject({ kind: "unsent", code });
	});

	it("is told when the dispatcher was closed", async () => {
		const dispatcher = freshAgent();
		await dispatcher.destroy();

		const result = await post("http://127.0.0.1:1/", { dispatcher });

		expect(result).toMatchObject({ kind: "unsent", code: "UND_ERR_DESTROYED" });
	});
});

describe("createFreshConnectionAgent", () => {
	async function keepAliveServer() {
		const ports = new Set<number | undefined>();
		const server = http.createServer((request, response) => {
			ports.add(request.socket.remotePort);
			request.resume().on("end", () => {
				response.setHeader("x-connection", request.headers.connection ?? "");
				response.end("ok");
			});
		});
		const url = `http://127.0.0.1:${await portOf(server)}/`;
		return { url, ports };
	}

	it("opens a connection for every request and says that it will close it", async () => {
		const { url, ports } = await keepAliveServer();
		const dispatcher = freshAgent();

		for (let count = 0; count < 4; count += 1) {
			const result = await post(url, { dispatcher });
			expect(result).toMatchObject({
				kind: "answered",
				headers: { "x-connection": "close" },
			});
		}

		expect(ports.size).toBe(4);
	});

	it("lets many requests run side by side, each on its own connection", async () => {
		const { url, ports } = await keepAliveServer();
		const dispatcher = freshAgent();

		const results = await Promise.all(
			Array.from({ length: 40 }, () => post(url, { dispatcher })),
		);

		expect(results.filter((one) => one.kind === "answered")).toHaveLength(40);
		expect(ports.size).toBe(40);
	});
});
