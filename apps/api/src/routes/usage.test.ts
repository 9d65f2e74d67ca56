import type { JobState } from "@reelay/shared/domain/job";
import { maxUsageRows } from "@reelay/shared/domain/usage";
import { settleSubmission } from "@reelay/shared/store/settle";
import { aKeyId, aPricedJob } from "@reelay/shared/testing/budgeted";
import { claimOne } from "@reelay/shared/testing/claims";
import { aTenant } from "@reelay/shared/testing/factories";
import { aFailure, anOutput, aSuccess } from "@reelay/shared/testing/reports";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
beforeEach(() => clearTestStore(stage.store));
afterAll(() => stage.close());

type Spec = {
	state?: JobState;
	cost?: number | null;
	charged?: "no" | "possible";
	tags?: string[];
	mode?: string;
	keyId?: string | null;
	tenantId?: string;
};
/** A job that was expected to cost 100 points, and was settled as its state says. */
async function aJob({
	state = "queued",
	cost = null,
	charged = "no",
	...job
}: Spec) {
	const { id } = await aPricedJob(stage.store, 100, job);
	if (state === "queued") return id;
	const submission = String((await claimOne(stage.db, "w"))?.id);
	const output = anOutput({ cost_points: cost });
	await settleSubmission(
		stage.db,
		state === "succeeded"
			? aSuccess(submission, { output })
			: aFailure(submission, { charged }),
	);
	return id;
}
/** As if it had been created then: its id tells the time as well. */
const moveTo = (id: string, at: string) =>
	stage.db.$executeRaw`
		with t as (delete from timeline where job_id = ${id}), e as (delete from event where job_id = ${id})
		update job set created_at = ${at}::timestamptz, id = id_before('job', ${at}::timestamptz) || substr(id, 15)
		where id = ${id}`;
const usage = async (query = "") =>
	(await stage.request(`/v1/usage${query}`)).json;
const nothing = {
	jobs: 0,
	submissions: 0,
	video_seconds: 0,
	spent_points: 0,
	possible_points: 0,
	reserved_points: 0,
};

describe("GET /v1/usage", () => {
	it("sums up what jobs have cost, may have cost, and may still cost", async () => {
		await aJob({ state: "succeeded", cost: 70 });
		await aJob({ state: "succeeded", cost: null });
		await aJob({ state: "failed", charged: "possible" });
		await aJob({ state: "failed" });
		await aJob({});
		await aJob({ tenantId: await aTenant(stage.store) });

		const { total, data } = await usage();

		expect(total).toEqual({
			jobs: 5,
			submissions: 4,
			video_seconds: 10,
			spent_points: 170,
			possible_points: 100,
			reserved_points: 100,
		});
		expect(data).toEqual([]);
	});

	it("says of a tenant without jobs that there is nothing", async () => {
		expect((await usage("?group_by=day")).data).toEqual([]);
		expect((await usage()).total).toEqual(nothing);
	});

	it("tells days apart in UTC, to the edge of the first and the last", async () => {
		const days = [
			"2026-02-28T23:59:59.999Z",
			"2026-03-01T00:00:00.000Z",
			"2026-03-02T23:59:59.999Z",
			"2026-03-03T00:00:00.000Z",
		];
		for (const at of days) await moveTo(await aJob({}), at);

		const { data, total, from, to } = await usage(
			"?from=2026-03-01&to=2026-03-02&group_by=day",
		);

		const counts = { ...nothing, jobs: 1, reserved_points: 100 };
		expect(data).toEqual([
			{ day: "2026-03-01", ...counts },
			{ day: "2026-03-02", ...counts },
		]);
		expect(total.jobs).toBe(2);
		expect([from, to]).toEqual(["2026-03-01", "2026-03-02"]);
	});

	it("counts a job for each of its tags, and once in the total", async () => {
		await aJob({ tags: ["a", "b"] });
		await aJob({ tags: ["b"] });
		await aJob({});

		const { data, total } = await usage("?group_by=tag");

		expect(data).toMatchObject([
			{ tag: "a", jobs: 1 },
			{ tag: "b", jobs: 2 },
			{ tag: null, jobs: 1 },
		]);
		expect(total.jobs).toBe(3);
	});

	it("tells apart by several things at once, in one order however they are named", async () => {
		const keyId = await aKeyId(stage.store);
		await aJob({ mode: "multi_shot", keyId, state: "failed" });
		await aJob({ keyId });
		await aJob({ keyId });

		const { data, group_by } = await usage("?group_by=key,state,mode,key");

		expect(group_by).toEqual(["mode", "state", "key"]);
		expect(data).toMatchObject([
			{ mode: "multi_shot", state: "failed", key_id: keyId, jobs: 1 },
			{ mode: "text", state: "queued", key_id: keyId, jobs: 2 },
		]);
	});

	it("says the same as a budget", async () => {
		await stage.request("/v1/budgets/tenant/total", {
			method: "PUT",
			body: { limit_points: 10_000 },
		});
		await aJob({ state: "succeeded", cost: 260 });
		await aJob({ state: "failed", charged: "possible" });
		await aJob({});

		const { total } = await usage();

		const budget = await stage.request("/v1/budgets/tenant/total");
		expect(budget.json).toMatchObject({
			used_points: total.spent_points + total.possible_points,
			reserved_points: total.reserved_points,
		});
	});

	it.each([
		["?from=2026-03-02&to=2026-03-01", "from"],
		["?from=2025-01-01&to=2026-03-01", "from"],
		["?from=yesterday", "from"],
		["?to=2026-02-30", "to"],
		["?group_by=day,colour", "group_by"],
	])("refuses %s", async (query, parameter) => {
		const { status, json } = await stage.request(`/v1/usage${query}`);

		expect(status).toBe(422);
		expect(json.errors[0].parameter).toBe(parameter);
	});

	it("refuses what has more rows than anybody reads", async () => {
		const tags = Array.from({ length: 50 }, (_, n) => `tag-${n}`);
		const id = await aJob({ tags });
		await stage.db.$executeRaw`
			insert into job (id, tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions, tags)
			select new_id('job'), tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions,
				array(select tag || '/' || n from unnest(tags) as tag)
			from job, generate_series(1, ${maxUsageRows / 50}::int) as n where id = ${id}`;

		const { status, json } = await stage.request("/v1/usage?group_by=tag");

		expect(status).toBe(422);
		expect(json.errors[0].detail).toContain("fewer days");
	});
});
