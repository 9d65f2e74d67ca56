import { portOf } from "@reelay/shared/testing/raw-server";
import { findFreePort } from "@reelay/stack/ports";
import { describe, expect, it } from "vitest";
import {
	accepted,
	body,
	clientOf,
	endWithTest,
	failureOf,
	found,
	job,
	keysOf,
	play,
	playWithoutPauses,
} from "./testing/played.ts";
import {
	cutAfter,
	html,
	json,
	problem,
	reset,
	startScriptedServer,
} from "./testing/scripted-server.ts";

playWithoutPauses();

describe("a create", () => {
	it.each([
		["a connection that is reset", reset],
		["an answer that is cut in its body", cutAfter({ status: 202 }, '{"id":')],
		["503 of the API", problem(503, "unavailable", { retryable: true })],
		["a proxy's 502", html(502)],
		["a proxy's 504", html(504)],
		["500 of the API", problem(500, "internal_error", { retryable: true })],
	])("is sent again under the same key after %s", async (_name, scene) => {
		const { reelay, heard } = await play(scene, scene, accepted);

		const created = await reelay.jobs.create(body);

		expect(created.id).toBe("job_1");
		expect(heard).toHaveLength(3);
		expect(new Set(keysOf(heard))).toEqual(new Set([created.idempotency_key]));
		expect(new Set(heard.map((one) => one.body))).toEqual(
			new Set([JSON.stringify(body)]),
		);
	});

	it("takes the key that it is given, and says whether the job was there", async () => {
		const replayed = json(202, job, { "idempotency-replayed": "true" });
		const { reelay, heard } = await play(replayed);

		const created = await reelay.jobs.create(body, {
			idempotencyKey: "order-7",
		});

		expect(keysOf(heard)).toEqual(["order-7"]);
		expect(created).toEqual({
			...job,
			idempotency_key: "order-7",
			idempotency_replayed: true,
		});
	});

	it("gives up after the tries it has, and its error carries the key to go on with", async () => {
		const { reelay, heard } = await play(reset);

		const error = await failureOf(reelay.jobs.create(body, { maxRetries: 2 }));

		expect(heard).toHaveLength(3);
		expect(error).toMatchObject({
			name: "ReelayConnectionError",
			code: "connection_failed",
			retryable: true,
			status: null,
			idempotencyKey: keysOf(heard)[0],
		});
	});

	it.each([
		[400, "malformed_json"],
		[401, "unauthorized"],
		[403, "forbidden"],
		[409, "external_id_taken"],
		[422, "invalid_request"],
	])("is never sent again after %i %s", async (status, code) => {
		const { reelay, heard } = await play(problem(status, code), accepted);

		const error = await failureOf(reelay.jobs.create(body));

		expect(heard).toHaveLength(1);
		expect(error).toMatchObject({
			name: "ReelayApiError",
			code,
			status,
			retryable: false,
			requestId: "req-1",
			message: `It is ${code}. (${code})`,
		});
	});

	it("tells every mistake with its place", async () => {
		const errors = [{ pointer: "/input/prompt", detail: "is missing" }];
		const refusal = { code: "invalid_request", status: 422, errors };
		const { reelay } = await play(json(422, refusal));

		const error = await failureOf(reelay.jobs.create(body));

		expect(error.errors).toEqual(errors);
		expect(error.message).toContain("\n  /input/prompt: is missing");
	});
});

describe("what is not safe to repeat", () => {
	it.each([
		["a connection that is reset", reset, "connection_failed"],
		["503", problem(503, "unavailable", { retryable: true }), "unavailable"],
	])("is sent once, whatever comes of it: %s", async (_name, scene, code) => {
		const { reelay, heard } = await play(scene, json(201, {}));

		const url = "https://example.com/hook";
		const error = await failureOf(reelay.endpoints.create({ url }));

		expect(heard).toHaveLength(1);
		expect(error.code).toBe(code);
	});

	it("is not the case of a cancel, a change and a replay's pause", async () => {
		const { reelay, heard } = await play(
			reset,
			found,
			reset,
			found,
			reset,
			found,
		);

		await reelay.jobs.cancel("job_1");
		await reelay.endpoints.update("ep_1", { disabled: true });
		await reelay.replays.pause("rep_1");

		expect(heard.map(({ method }) => method)).toEqual([
			...["POST", "POST", "PATCH", "PATCH", "POST", "POST"],
		]);
	});

	it("is deleted once, also when the answer to the delete is lost", async () => {
		const { reelay, heard } = await play(reset, problem(404, "not_found"));

		await reelay.endpoints.delete("ep_1");

		expect(heard).toHaveLength(2);
	});

	it("is not found when it is deleted and never was", async () => {
		const { reelay } = await play(problem(404, "not_found"));

		const error = await failureOf(reelay.endpoints.delete("ep_1"));

		expect(error.code).toBe("not_found");
	});
});

describe("a server that asks to wait", () => {
	it("is asked again no earlier, in seconds as by a date of its own clock", async () => {
		const later = (ms: number) => new Date(Date.now() + ms).toUTCString();
		const { reelay, heard } = await play(
			problem(429, "rate_limited", { headers: { "retry-after": "1" } }),
			problem(429, "rate_limited", {
				headers: { date: later(-7_200_000), "retry-after": later(-7_199_000) },
			}),
			found,
		);
		const startedAt = performance.now();

		await reelay.jobs.get("job_1");

		expect(heard).toHaveLength(3);
		expect(performance.now() - startedAt).toBeGreaterThan(1_000);
	});

	it("is not waited for when it asks for long: the error says how long", async () => {
		const headers = { "retry-after": "3600" };
		const { reelay, heard } = await play(
			problem(429, "rate_limited", { headers }),
		);

		const error = await failureOf(reelay.jobs.get("job_1"));

		expect(heard).toHaveLength(1);
		expect(error).toMatchObject({
			code: "rate_limited",
			retryable: true,
			retryAfterS: 3600,
			jobId: "job_1",
		});
	});
});

describe("a server that is not Reelay", () => {
	it.each([
		["a page with 200", html(200), 200, /text\/html instead of JSON/],
		["a page with 404", html(404), 404, /answered 404, and not as Reelay does/],
		["a page with 403", html(403), 403, /a proxy, or another service/],
	])("is told by %s, at once", async (_name, scene, status, message) => {
		const { reelay, heard } = await play(scene);

		const error = await failureOf(reelay.jobs.get("job_1"));

		expect(heard).toHaveLength(1);
		expect(error).toMatchObject({
			code: "unexpected_answer",
			status,
			retryable: false,
			message: expect.stringMatching(message),
		});
	});

	it("gets no key by a redirect, and the error says where it leads", async () => {
		const elsewhere = await startScriptedServer(accepted);
		endWithTest(elsewhere);
		const location = `${elsewhere.url}/v1/jobs`;
		const { reelay } = await play((res) => {
			res.writeHead(307, { location }).end();
		});

		const error = await failureOf(reelay.jobs.create(body));

		expect(elsewhere.heard).toEqual([]);
		expect(error.message).toContain(`redirects to ${location}`);
	});

	it("is told by a port that nobody listens at, with the reason", async () => {
		const url = `http://127.0.0.1:${await findFreePort()}`;
		const { reelay } = clientOf(url, { maxRetries: 0 });

		const error = await failureOf(reelay.jobs.get("job_1"));

		expect(error.message).toBe(
			`GET /v1/jobs/job_1: the connection to ${url} failed (ECONNREFUSED).`,
		);
	});

	it("is told by what is no HTTP", async () => {
		const net = await import("node:net");
		const port = await portOf(
			net.createServer((socket) => socket.end("SSH-2.0-OpenSSH\r\n")),
		);
		const { reelay } = clientOf(`http://127.0.0.1:${port}`, { maxRetries: 0 });

		const error = await failureOf(reelay.jobs.get("job_1"));

		expect(error.code).toBe("connection_failed");
	});
});
