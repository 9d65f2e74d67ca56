import { otherTask } from "@reelay/shared/domain/callback-record";
import { signCallbackToken } from "@reelay/shared/signing/capability";
import { parseKeyring } from "@reelay/shared/signing/keyring";
import { findViolations } from "@reelay/shared/testing/audit";
import { aTenant, type JobSpec } from "@reelay/shared/testing/factories";
import {
	aQuarantined as make,
	type QuarantinedSpec,
	understood,
} from "@reelay/shared/testing/quarantined";
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

const aQuarantined = (spec?: JobSpec, callback?: QuarantinedSpec) =>
	make(stage.store, spec, callback);
const post = (path: string, body?: unknown, key?: string) =>
	stage.request(`/v1/callbacks/${path}`, {
		method: "POST",
		...(body === undefined ? {} : { body }),
		...(key === undefined ? {} : { key }),
	});
const jobState = async (id: string) =>
	(await stage.request(`/v1/jobs/${id}`)).json.state;

describe("GET /v1/callbacks 200", () => {
	it("lists what is set aside: why, for how long, whose it is, and what was said", async () => {
		const { id, jobId, submissionId } = await aQuarantined(
			{ taskId: "task-0" },
			{ ageS: 90 },
		);

		const { status, json } = await stage.request(
			"/v1/callbacks?state=quarantined",
		);

		expect(status).toBe(200);
		expect(json).toEqual({
			data: [
				{
					id,
					submission_id: submissionId,
					job_id: jobId,
					job_state: "rendering",
					submission_state: "accepted",
					known_task_id: "task-0",
					kind: "unreadable",
					outcome: "quarantined",
					reason: "the state is unknown",
					received_at: expect.any(String),
					released_at: null,
					age_s: expect.any(Number),
					body: JSON.stringify(understood),
					body_is_cut: false,
					links: {
						self: `/v1/callbacks/${id}`,
						replay: `/v1/callbacks/${id}/replay`,
						job: `/v1/jobs/${jobId}`,
					},
				},
			],
			has_more: false,
			next_after: id,
		});
		expect(json.data[0].age_s).toBeGreaterThanOrEqual(90);
	});

	it("gives pages, oldest first, and narrows them by reason, time and whether the job still waits", async () => {
		const first = await aQuarantined({}, { reason: "it is not JSON" });
		const second = await aQuarantined({}, { ageS: 7200 });
		const ended = await aQuarantined({ state: "failed" });
		const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
		const ids = async (query: string) =>
			(await stage.request(`/v1/callbacks?${query}`)).json.data.map(
				(callback: { id: string }) => callback.id,
			);

		expect(await ids("limit=2")).toEqual([first.id, second.id]);
		expect(await ids(`limit=2&after=${second.id}`)).toEqual([ended.id]);
		expect(await ids("reason=not%20json")).toEqual([first.id]);
		expect(await ids(`until=${hourAgo}`)).toEqual([second.id]);
		expect(await ids(`since=${hourAgo}`)).toEqual([first.id, ended.id]);
		expect(await ids("waiting=true")).toEqual([first.id, second.id]);
	});

	it("shows no callback address that a former version has kept", async () => {
		const keyring = parseKeyring(`k1:${Buffer.alloc(32).toString("base64")}`);
		const token = signCallbackToken("sub_01k0aj5m8gq4w3n7y2e6c9vb1d", keyring);
		const { id } = await aQuarantined({}, { body: `{"param":"/${token}"}` });

		const { text } = await stage.request(`/v1/callbacks/${id}`);

		expect(text).toContain("[redacted]");
		expect(text).not.toContain(token.split(".")[2]);
	});
});

describe("POST /v1/callbacks/{id}/replay 200", () => {
	it("says what would come of it, and changes nothing", async () => {
		const { id, jobId } = await aQuarantined();

		const { status, json } = await post(`${id}/replay`, { dry_run: true });

		expect(status).toBe(200);
		expect(json).toMatchObject({
			dry_run: true,
			id,
			job_id: jobId,
			was: { outcome: "quarantined", reason: "the state is unknown" },
			kind: "succeeded",
			outcome: "settled",
			reason: null,
			job_state: "succeeded",
			applied: false,
		});
		expect(await jobState(jobId)).toBe("rendering");
	});

	it("ends the job, rings for its slot and its webhook, and a second time does nothing", async () => {
		const { id, jobId, submissionId } = await aQuarantined({
			webhookUrl: "https://hooks.example.com/",
		});

		const first = await post(`${id}/replay`, {});
		const rings = stage.rings.slice(-2);
		const second = await post(`${id}/replay`, {});

		expect(first.json).toMatchObject({ outcome: "settled", applied: true });
		expect(rings).toEqual([
			{ kind: "submit", ids: [submissionId] },
			{ kind: "deliver", ids: [submissionId] },
		]);
		expect(second.json).toMatchObject({
			outcome: "settled",
			applied: false,
			was: { outcome: "settled" },
		});
		expect(await jobState(jobId)).toBe("succeeded");
		expect(
			(await stage.request(`/v1/callbacks/${id}`)).json.released_at,
		).not.toBeNull();
	});

	it("adopts another task's result when it is told to, and writes down with which key", async () => {
		const { id, jobId } = await aQuarantined({ taskId: "task-0" });

		const refused = await post(`${id}/replay`, {});
		const adopted = await post(`${id}/replay`, { adopt: true });

		expect(refused.json).toMatchObject({
			outcome: "quarantined",
			reason: otherTask,
			applied: false,
		});
		expect(adopted.json).toMatchObject({ outcome: "settled", applied: true });
		expect(await jobState(jobId)).toBe("succeeded");
		const audit = await stage.db.$queryRaw`
			select api_key.name, action, target from audit join api_key on api_key.id = actor`;
		expect(audit).toEqual([
			{ name: "test", action: "callback.adopt", target: id },
		]);
	});
});

describe("POST /v1/callbacks/replay 200", () => {
	it("replays so many of those that match, counts what came of them, and says what is left", async () => {
		await aQuarantined({}, { reason: "another reason" });
		const jobs = [
			await aQuarantined(),
			await aQuarantined({}, { body: "<html>" }),
			await aQuarantined(),
		];
		const order = { reason: "state is unknown", limit: 2 };

		const dry = await post("replay", { ...order, dry_run: true });
		const first = await post("replay", order);
		const second = await post("replay", {
			...order,
			after: first.json.next_after,
		});

		expect(dry.json).toMatchObject({
			dry_run: true,
			counts: { settled: 1, quarantined: 1 },
			left: 1,
		});
		expect(first.json).toMatchObject({
			counts: { settled: 1, quarantined: 1 },
			left: 1,
			next_after: jobs[1]?.id,
		});
		expect(first.json.data[1]).toMatchObject({
			id: jobs[1]?.id,
			reason: "it is not JSON",
		});
		expect(second.json).toMatchObject({ counts: { settled: 1 }, left: 0 });
		const left = await stage.request("/v1/callbacks");
		expect(left.json.data).toHaveLength(2);
	});

	it("leaves other tenants' callbacks alone", async () => {
		const { id, jobId } = await aQuarantined({
			tenantId: await aTenant(stage.store),
		});

		const { json } = await post("replay", {});
		const list = await stage.request("/v1/callbacks");

		expect(json).toMatchObject({ counts: {}, data: [], left: 0 });
		expect(json.next_after).toBeNull();
		expect(list.json.data).toEqual([]);
		expect((await stage.request(`/v1/callbacks/${id}`)).status).toBe(404);
		expect((await post(`${id}/replay`, {})).status).toBe(404);
		const [job] = await stage.db.$queryRaw<{ state: string }[]>`
			select state from job where id = ${jobId}`;
		expect(job?.state).toBe("rendering");
	});
});

describe("403", () => {
	it.each([
		["GET", ""],
		["GET", "/cb_000000000001"],
		["POST", "/replay"],
		["POST", "/cb_000000000001/replay"],
	])("refuses a key without the scope admin: %s %s", async (method, path) => {
		const key = await stage.aKey(undefined, ["jobs:read", "jobs:write"]);

		const { status, json } = await stage.request(`/v1/callbacks${path}`, {
			method,
			key,
		});

		expect([status, json.code]).toEqual([403, "forbidden"]);
	});
});

describe("404", () => {
	it.each(["cb_000000000000", "cb_1", "sub_1", "1", "cb_999999999999999999"])(
		"does not know %s",
		async (id) => {
			const answers = [
				await stage.request(`/v1/callbacks/${id}`),
				await post(`${id}/replay`, {}),
			];

			for (const { status, json } of answers) {
				expect([status, json.code]).toEqual([404, "not_found"]);
			}
		},
	);
});

describe("422", () => {
	it.each(["state=settled", "limit=101", "after=1", "since=today", "x=1"])(
		"names the mistake in the query %s",
		async (query) => {
			const { status, json } = await stage.request(`/v1/callbacks?${query}`);

			expect([status, json.errors]).toEqual([422, [expect.anything()]]);
		},
	);

	it.each([
		["replay", { adopt: true }],
		["replay", { limit: 0 }],
		["cb_000000000001/replay", { dry_run: "yes" }],
		["cb_000000000001/replay", { force: true }],
	])("names the mistake in a body to %s: %j", async (path, body) => {
		const { status, json } = await post(path, body);

		expect([status, json.errors]).toEqual([422, [expect.anything()]]);
	});
});
