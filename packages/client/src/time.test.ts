import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { Reelay, type ReelayOptions } from "./index.ts";
import {
	apiKey,
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
	hang,
	problem,
	reset,
	type Scene,
	startScriptedServer,
} from "./testing/scripted-server.ts";

playWithoutPauses();

describe("time", () => {
	it("runs out for a head that does not come, and the next try is made", async () => {
		const { reelay, heard } = await play(hang, found);

		const seen = await reelay.jobs.get("job_1", { timeoutMs: 100 });

		expect(seen.id).toBe("job_1");
		expect(heard).toHaveLength(2);
	});

	it("runs out for a body that does not end", async () => {
		const slow: Scene = (res) => {
			res.writeHead(200, { "content-type": "application/json" }).write("{");
		};
		const { reelay } = await play(slow);
		const limits = { timeoutMs: 100, maxRetries: 1 };

		const error = await failureOf(reelay.jobs.get("job_1", limits));

		expect(error).toMatchObject({
			name: "ReelayTimeoutError",
			code: "timeout",
			message: "GET /v1/jobs/job_1: nothing came for 100 ms.",
			jobId: "job_1",
		});
	});

	it("is yours: your signal ends a request, and a pause between two tries", async () => {
		const waiting = new AbortController();
		const { reelay, heard } = await play(
			problem(503, "unavailable", {
				retryable: true,
				headers: { "retry-after": "50" },
			}),
		);
		const creating = reelay.jobs.create(body, { signal: waiting.signal });
		await vi.waitFor(() => expect(heard).toHaveLength(1));

		waiting.abort(new Error("the user left"));

		const error = await failureOf(creating);
		expect(error).toMatchObject({
			code: "aborted",
			retryable: false,
			idempotencyKey: keysOf(heard)[0],
			cause: expect.objectContaining({ message: "the user left" }),
		});
	});

	it("leaves nothing on a signal that outlives many requests and pauses", async () => {
		const { signal } = new AbortController();
		const { reelay } = await play(problem(404, "not_found"), reset, found);

		await failureOf(reelay.jobs.get("job_1", { signal }));
		await reelay.jobs.get("job_1", { signal });

		expect(getEventListeners(signal, "abort")).toEqual([]);
	});

	it("asks for nothing when the signal was aborted before", async () => {
		const { reelay, heard } = await play(found);
		const signal = AbortSignal.abort();

		const error = await failureOf(reelay.jobs.get("job_1", { signal }));

		expect(error.code).toBe("aborted");
		expect(heard).toEqual([]);
	});
});

describe("Reelay", () => {
	it("sends the key, and shows it nowhere", async () => {
		const { reelay, heard } = await play(found);

		await reelay.jobs.get("job_1");

		expect(heard[0]?.headers.authorization).toBe(`Bearer ${apiKey}`);
		expect(inspect(reelay, { depth: 20, showHidden: true })).not.toContain(
			apiKey,
		);
		expect(JSON.stringify(reelay)).not.toContain(apiKey);
	});

	it.each([
		[{ apiKey: "" }, /apiKey is missing/],
		[{ apiKey: undefined }, /apiKey is missing/],
		[{ apiKey: `${apiKey}\n` }, /apiKey has a space, a line break/],
		[{ baseUrl: undefined }, /baseUrl must be where the API is/],
		[{ baseUrl: "reelay.example.com" }, /baseUrl must be where the API is/],
		[{ baseUrl: "ftp://example.com" }, /baseUrl must be where the API is/],
		[{ baseUrl: "https://me:x@example.com" }, /without a user/],
	])("refuses %o without repeating it", (flaw, message) => {
		const options = { apiKey, baseUrl: "https://example.com", ...flaw };

		const create = () => new Reelay(options as ReelayOptions);

		expect(create).toThrow(message);
		expect(create).toThrow(
			expect.objectContaining({ message: expect.not.stringContaining(apiKey) }),
		);
	});

	it("serves an API behind a path", async () => {
		const server = await startScriptedServer(found);
		endWithTest(server);
		const { reelay } = clientOf(`${server.url}/video//`);

		await reelay.jobs.list({ state: ["failed", "expired"], limit: 5 }).page();

		expect(server.heard[0]?.url).toBe(
			"/video/v1/jobs?state=failed&state=expired&limit=5",
		);
	});

	it.each(["", ".", "..", undefined])("takes %o for no id", async (id) => {
		const { reelay, heard } = await play(found);

		await expect(reelay.jobs.get(id as string)).rejects.toThrow(
			/must be an id/,
		);
		expect(heard).toEqual([]);
	});

	it("lets no id reach another route", async () => {
		const { reelay, heard } = await play(found);

		await reelay.jobs.get("../endpoints?x=1#");

		expect(heard[0]?.url).toBe("/v1/jobs/..%2Fendpoints%3Fx%3D1%23");
	});

	it("uses the fetch that it is given", async () => {
		const asked: string[] = [];
		const { reelay } = clientOf("https://example.com", {
			fetch: async (url) => {
				asked.push(String(url));
				return Response.json(job);
			},
		});

		await reelay.jobs.get("job_1");

		expect(asked).toEqual(["https://example.com/v1/jobs/job_1"]);
	});
});
