import { findViolations } from "@reelay/shared/testing/audit";
import { aJob, submissionOf } from "@reelay/shared/testing/factories";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterEach(async () => {
	expect(await findViolations(stage.db)).toEqual([]);
	await clearTestStore(stage.store);
});
afterAll(() => stage.close());

const webhookUrl = "https://hooks.example.com/";
const urls = ["https://cdn.example.com/found.mp4"];
const resolve = (id: string, body: unknown, key?: string) =>
	stage.request(`/v1/jobs/${id}/resolve`, {
		method: "POST",
		body,
		...(key === undefined ? {} : { key }),
	});
const auditLog = () =>
	stage.db.$queryRaw`select action, target, data from audit order by id`;

describe("POST /v1/jobs/{id}/resolve 200", () => {
	it.each(["unknown", "overdue"] as const)(
		"ends a job that is %s as succeeded, with what the operator found, and tells its webhook",
		async (state) => {
			const { id } = await aJob(stage.store, { state, webhookUrl });

			const { status, json } = await resolve(id, {
				outcome: "succeeded",
				urls,
				cost_points: 70,
			});

			expect(status).toBe(200);
			expect(json).toMatchObject({
				id,
				state: "succeeded",
				result: { urls },
				cost: { points: 70, charged: "yes" },
			});
			expect(stage.rings.at(-1)?.kind).toBe("deliver");
			const deliveries = await stage.db.$queryRaw`
				select event.type from delivery join event on event.id = event_id where job_id = ${id}`;
			expect(deliveries).toEqual([{ type: "video.succeeded" }]);
		},
	);

	it.each([
		[{}, "possible"],
		[{ charged: "no" }, "no"],
		[{ charged: "yes" }, "yes"],
	])(
		"ends it as failed, and believes %j about the money",
		async (money, charged) => {
			const { id } = await aJob(stage.store, { state: "unknown" });

			const { json } = await resolve(id, {
				outcome: "failed",
				note: "not in the console",
				...money,
			});

			expect(json).toMatchObject({
				state: "failed",
				error: { code: "resolved_as_failed", message: "not in the console" },
				cost: { charged },
			});
		},
	);

	it("sends it again, and rings for it", async () => {
		const { id } = await aJob(stage.store, { state: "overdue" });

		const { json } = await resolve(id, { outcome: "resubmit" });

		expect(json).toMatchObject({ state: "queued", submissions: 1 });
		expect(stage.rings.at(-1)?.kind).toBe("submit");
	});

	it("ends a job whose cancel was asked for as cancelled, and keeps the result", async () => {
		const { id } = await aJob(stage.store, {
			state: "unknown",
			cancelRequested: true,
		});

		const { json } = await resolve(id, { outcome: "succeeded", urls });

		expect(json).toMatchObject({ state: "cancelled", result: { urls } });
	});

	it("writes down who said it and what, before it is done", async () => {
		const job = await aJob(stage.store, { state: "unknown" });
		const body = { outcome: "failed", charged: "no", note: "looked twice" };

		await resolve(job.id, body);

		expect(await auditLog()).toEqual([
			{
				action: "job.resolve",
				target: job.id,
				data: { submission: submissionOf(job), ...body },
			},
		]);
		const actors = await stage.db.$queryRaw`
			select count(*)::int as known from audit join api_key on api_key.id = actor
			where audit.tenant_id = ${stage.store.tenantId}`;
		expect(actors).toEqual([{ known: 1 }]);
	});

	it("ends the job once when two operators disagree at the same moment", async () => {
		const { id } = await aJob(stage.store, { state: "unknown", webhookUrl });

		const answers = await Promise.all([
			resolve(id, { outcome: "failed" }),
			resolve(id, { outcome: "failed", charged: "no" }),
			resolve(id, { outcome: "resubmit" }),
		]);

		for (const { status } of answers) expect([200, 409]).toContain(status);
		expect(answers.some(({ status }) => status === 200)).toBe(true);
	});
});

describe("POST /v1/jobs/{id}/resolve 403", () => {
	it("refuses a key without the scope admin, and writes nothing", async () => {
		const { id } = await aJob(stage.store, { state: "unknown" });
		const key = await stage.aKey(stage.store.tenantId, [
			"jobs:write",
			"jobs:read",
			"webhooks",
		]);

		const { status, json } = await resolve(id, { outcome: "failed" }, key);

		expect(status).toBe(403);
		expect(json).toMatchObject({ code: "forbidden" });
		expect(json.detail).toContain("admin");
		expect(await auditLog()).toEqual([]);
	});
});

describe("POST /v1/jobs/{id}/resolve 404", () => {
	it("does not know another tenant's job", async () => {
		const { id } = await aJob(stage.store, { state: "unknown" });

		const { status, json } = await resolve(
			id,
			{ outcome: "failed" },
			await stage.aStrangersKey(),
		);

		expect([status, json.code]).toEqual([404, "not_found"]);
		expect(await auditLog()).toEqual([]);
	});

	it.each(["job_00000000000000000000000000", "no-id", "%00"])(
		"does not know %s",
		async (id) => {
			const { status, json } = await resolve(id, { outcome: "failed" });

			expect([status, json.code]).toEqual([404, "not_found"]);
		},
	);
});

describe("POST /v1/jobs/{id}/resolve 409", () => {
	it.each([
		"queued",
		"submitting",
		"rendering",
		"succeeded",
		"failed",
		"cancelled",
		"expired",
	] as const)("leaves a job that is %s as it is", async (state) => {
		const { id } = await aJob(stage.store, { state });
		const before = await stage.request(`/v1/jobs/${id}`);

		const { status, json } = await resolve(id, { outcome: "succeeded", urls });

		expect([status, json.code]).toEqual([409, "not_resolvable"]);
		expect(json.detail).toContain(state);
		expect((await stage.request(`/v1/jobs/${id}`)).json).toEqual(before.json);
		expect(await auditLog()).toEqual([]);
	});

	it.each([{ maxSubmissions: 1 }, { cancelRequested: true }])(
		"does not send a job again that has %j",
		async (spec) => {
			const { id } = await aJob(stage.store, { state: "unknown", ...spec });

			const { status, json } = await resolve(id, { outcome: "resubmit" });

			expect([status, json.code]).toEqual([409, "submissions_spent"]);
			const { json: job } = await stage.request(`/v1/jobs/${id}`);
			expect(job.state).toBe("unknown");
		},
	);
});

describe("POST /v1/jobs/{id}/resolve 422", () => {
	it.each([
		{},
		{ outcome: "forget" },
		{ outcome: "succeeded" },
		{ outcome: "succeeded", urls: [] },
		{ outcome: "succeeded", urls: ["ftp://example.com/a.mp4"] },
		{ outcome: "succeeded", urls: ["not a url"] },
		{ outcome: "succeeded", urls, cost_points: -1 },
		{ outcome: "failed", charged: "perhaps" },
		{ outcome: "failed", urls },
		{ outcome: "resubmit", note: "n".repeat(1001) },
		[],
		"failed",
	])("names the mistakes of %j, and changes nothing", async (body) => {
		const { id } = await aJob(stage.store, { state: "unknown" });

		const { status, json } = await resolve(
			id,
			typeof body === "string" ? JSON.stringify(body) : body,
		);

		expect([status, json.code]).toEqual([422, "invalid_request"]);
		expect(json.errors.length).toBeGreaterThan(0);
		const { json: job } = await stage.request(`/v1/jobs/${id}`);
		expect(job.state).toBe("unknown");
		expect(await auditLog()).toEqual([]);
	});

	it.each([
		[{ outcome: "failed", note: "a\u0000b" }, "/note"],
		[{ outcome: "resubmit", note: "a\ud800b" }, "/note"],
		[{ outcome: "succeeded", urls: ["https://example.com/\u0000"] }, "/urls/0"],
	])(
		"names text that the database could not store: %j",
		async (body, pointer) => {
			const { id } = await aJob(stage.store, { state: "unknown" });

			const { status, json } = await resolve(id, body);

			expect(status).toBe(422);
			expect(json.errors).toEqual([
				expect.objectContaining({ pointer, code: "invalid_text" }),
			]);
		},
	);
});
