import { aJob } from "@reelay/shared/testing/factories";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, type Job, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const idsOf = (json: { data: Job[] }) => json.data.map(({ id }) => id);

describe("GET /v1/jobs 200", () => {
	beforeEach(() => clearTestStore(stage.store));

	it("pages through every job once, newest first, also while new ones come", async () => {
		const created: string[] = [];
		for (let n = 0; n < 7; n += 1) created.push((await stage.createJob()).id);
		const seen: string[] = [];
		let path = "/v1/jobs?limit=3";

		for (let pages = 0; pages < 3; pages += 1) {
			const { json } = await stage.request(path);
			seen.push(...idsOf(json));
			path = `/v1/jobs?limit=3&cursor=${json.next_cursor}`;
			expect(json.has_more).toBe(pages < 2);
			await stage.createJob();
		}

		expect(seen).toEqual(created.toReversed());
	});

	it("says that there is no more after a page that is exactly full", async () => {
		await stage.createJob();
		await stage.createJob();

		const { json } = await stage.request("/v1/jobs?limit=2");

		expect(json.data).toHaveLength(2);
		expect(json).toMatchObject({ has_more: false, next_cursor: null });
	});

	it.each(["state=queued&state=failed", "state=queued,failed"])(
		"filters by %s",
		async (query) => {
			const queued = await aJob(stage.store);
			const failed = await aJob(stage.store, { state: "failed" });
			await aJob(stage.store, { state: "rendering" });

			const { json } = await stage.request(`/v1/jobs?${query}`);

			expect(idsOf(json).sort()).toEqual([queued.id, failed.id].sort());
		},
	);
});

describe("GET /v1/jobs 422", () => {
	it.each([
		["state=done", "state"],
		["state=", "state"],
		["limit=0", "limit"],
		["limit=101", "limit"],
		["limit=ten", "limit"],
		["limit=1&limit=2", "limit"],
		["cursor=x", "cursor"],
		["cursor=%00", "cursor"],
		["cursor=c3ViX3g", "cursor"],
		["stat=queued", "stat"],
		["__proto__=1", "__proto__"],
	])("refuses ?%s and names the parameter", async (query, parameter) => {
		const { status, json } = await stage.request(`/v1/jobs?${query}`);

		expect(status).toBe(422);
		expect(json.errors).toMatchObject([{ parameter }]);
	});

	it("suggests the parameter that was meant", async () => {
		const { json } = await stage.request("/v1/jobs?states=queued");

		expect(json.errors).toMatchObject([{ suggestion: "state" }]);
	});
});
