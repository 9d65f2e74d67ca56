import { gzipSync } from "node:zlib";
import express, { type Express } from "express";
import { afterEach, describe, expect, it } from "vitest";
import { signCallbackToken } from "../signing/capability.ts";
import { parseKeyring } from "../signing/keyring.ts";
import { type Listening, listen } from "./lifecycle.ts";
import { createLogger } from "./logger.ts";
import {
	notFoundMiddleware,
	ProblemError,
	problemMiddleware,
	runtimeProblemCodes,
} from "./problem-details.ts";
import { requestIdMiddleware } from "./request-id.ts";

const keyring = parseKeyring(`k1:${Buffer.alloc(32, 1).toString("base64")}`);
const token = signCallbackToken("sub_01k0aj5m8gq4w3n7y2e6c9vb1d", keyring);

let server: Listening | undefined;

afterEach(() => server?.close(0));

async function serve(addRoutes: (app: Express) => void = () => {}) {
	const lines: string[] = [];
	const destination = { write: (line: string) => lines.push(line) };
	const logger = createLogger({ name: "test", level: "info", destination });
	const app = express();
	app.use(requestIdMiddleware);
	app.use(express.json({ limit: 100 }));
	addRoutes(app);
	app.post("/echo/:id", (request, response) => {
		response.json(request.body);
	});
	app.use(notFoundMiddleware, problemMiddleware({ logger }));
	server = await listen(app, { port: 0, host: "127.0.0.1" });
	const { url } = server;
	return {
		lines,
		call: async (path: string, init?: RequestInit) => {
			const headers = { "x-request-id": "r-1", ...init?.headers };
			const response = await fetch(url + path, { ...init, headers });
			return { response, text: await response.text() };
		},
	};
}

const throwing = (error: unknown) => (app: Express) =>
	app.get("/fail", () => {
		throw error;
	});

describe("problemMiddleware", () => {
	it("shows a problem as RFC 9457 asks, with what the API adds", async () => {
		const problem = new ProblemError({
			status: 422,
			code: "invalid_input",
			title: "Invalid input",
			detail: "One field is wrong.",
			errors: [{ pointer: "/input/duration", detail: "must be 3 to 15" }],
			headers: { "retry-after": "5" },
			cause: new Error("S3CRET"),
		});
		const { call, lines } = await serve(throwing(problem));

		const { response, text } = await call("/fail?key=S3CRET");

		expect(response.status).toBe(422);
		expect(response.headers.get("retry-after")).toBe("5");
		expect(response.headers.get("content-type")).toMatch(
			/^application\/problem\+json/,
		);
		expect(JSON.parse(text)).toEqual({
			type: "urn:reelay:problem:invalid_input",
			title: "Invalid input",
			status: 422,
			detail: "One field is wrong.",
			instance: "/fail",
			code: "invalid_input",
			retryable: false,
			errors: [{ pointer: "/input/duration", detail: "must be 3 to 15" }],
			request_id: "r-1",
		});
		expect(lines).toEqual([]);
	});

	it.each([
		["an error", new Error("S3CRET")],
		["a text", "S3CRET"],
		["nothing", undefined],
		[
			"another library's 404",
			Object.assign(new Error("S3CRET"), { status: 404 }),
		],
		[
			"another library's 500",
			Object.assign(new Error("S3CRET"), { status: 500, expose: true }),
		],
	])("says nothing but the request id about %s", async (_name, thrown) => {
		const { call } = await serve((app) =>
			app.get("/fail", (_request, _response, next) => {
				next(thrown ?? new Error());
			}),
		);

		const { response, text } = await call("/fail");

		expect(response.status).toBe(500);
		expect(JSON.parse(text)).toEqual({
			type: "urn:reelay:problem:internal_error",
			title: "Something went wrong on our side",
			status: 500,
			detail: "Something went wrong on our side. Tell us the request_id.",
			instance: "/fail",
			code: "internal_error",
			retryable: true,
			request_id: "r-1",
		});
	});

	it("logs the cause of a 500, under the same request id", async () => {
		const rejected = Promise.reject(new Error("the disk is full"));
		rejected.catch(() => {});
		const { call, lines } = await serve((app) =>
			app.get("/fail", async () => rejected),
		);

		await call("/fail");

		const line = JSON.parse(lines[0] ?? "");
		expect(lines).toHaveLength(1);
		expect(line).toMatchObject({ request_id: "r-1", msg: "request.failed" });
		expect(line.err.message).toBe("the disk is full");
	});

	it.each([
		["malformed JSON", "/echo/1", '{"a":', {}, 400, "malformed_json"],
		[
			"a body beyond the limit",
			"/echo/1",
			`"${"a".repeat(200)}"`,
			{},
			413,
			"body_too_large",
		],
		[
			"a bomb",
			"/echo/1",
			gzipSync(`"${"a".repeat(1_000_000)}"`),
			{ "content-encoding": "gzip" },
			413,
			"body_too_large",
		],
		[
			"an unknown encoding",
			"/echo/1",
			"{}",
			{ "content-encoding": "x-zip" },
			415,
			"unsupported_encoding",
		],
		[
			"a broken encoding",
			"/echo/1",
			"{}",
			{ "content-encoding": "gzip" },
			400,
			"bad_request",
		],
		[
			"an unknown charset",
			"/echo/1",
			"{}",
			{ "content-type": "application/json; charset=x-no" },
			415,
			"unsupported_charset",
		],
		["a malformed path", "/echo/%zz", "{}", {}, 400, "malformed_url"],
		["an unknown path", "/nowhere", "{}", {}, 404, "not_found"],
	])(
		"answers %s with its own status and code",
		async (_name, path, body, headers, status, code) => {
			const { call, lines } = await serve();

			const { response, text } = await call(path, {
				method: "POST",
				headers: { "content-type": "application/json", ...headers },
				body,
			});

			expect([response.status, JSON.parse(text).code]).toEqual([status, code]);
			expect(runtimeProblemCodes).toContain(code);
			expect(lines).toEqual([]);
		},
	);

	it("echoes no callback token, neither from the path nor from the body", async () => {
		const { call } = await serve();
		const init = {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: `${token} ${token}`.slice(0, 90),
		};

		const texts = [
			(await call(`/callbacks/${token}`)).text,
			(await call("/echo/1", init)).text,
		];

		for (const text of texts) {
			expect(JSON.parse(text)).toHaveProperty("code");
			expect(text).not.toContain(token.slice(-30));
		}
	});

	it("cuts an answer that already began instead of finishing it", async () => {
		const { call } = await serve((app) =>
			app.get("/fail", (_request, response) => {
				response.write("half");
				throw new Error("too late");
			}),
		);

		await expect(call("/fail")).rejects.toThrow();
	});
});

describe("requestIdMiddleware", () => {
	it.each(["r-1", "0a.B_c", "x".repeat(64)])("takes over %s", async (id) => {
		const { call } = await serve();

		const { response, text } = await call("/", {
			headers: { "x-request-id": id },
		});

		expect(response.headers.get("x-request-id")).toBe(id);
		expect(JSON.parse(text).request_id).toBe(id);
	});

	it.each(["", "x".repeat(65), "a b", 'a"b', "ä", "a,b"])(
		"makes its own instead of %j",
		async (id) => {
			const { call } = await serve();

			const { response } = await call("/", { headers: { "x-request-id": id } });

			expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
		},
	);
});
