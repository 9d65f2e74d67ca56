import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import {
	answer,
	closeAll,
	deferred,
	post,
	rawServer,
} from "../testing/raw-server.ts";

afterEach(closeAll);

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
			phase: null,
			address: "127.0.0.1",
			phases: expect.any(Object),
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
