import {
	blockGovernor,
	closeGovernor,
	ensureGovernor,
} from "@reelay/shared/store/governor";
import { aJob } from "@reelay/shared/testing/factories";
import { grantedAgo } from "@reelay/shared/testing/grants";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, prompt, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

describe("GET /v1/jobs/{id} 200", () => {
	it("shows the job as its creation did", async () => {
		const created = await stage.createJob({ tags: ["a"] });

		const { status, json } = await stage.request(`/v1/jobs/${created.id}`);

		expect(status).toBe(200);
		expect(withoutOutlook(json)).toEqual(withoutOutlook(created));
	});

	it("shows the result of a job that succeeded, with its cost and without a hint to ask again", async () => {
		const { id } = await aJob(stage.store, { state: "succeeded" });

		const { json, headers } = await stage.request(`/v1/jobs/${id}`);

		expect(json).toMatchObject({
			state: "succeeded",
			result: {
				urls: ["https://cdn.example.com/video.mp4"],
				model: "kling-3.0",
				cost_time_ms: 81_000,
				tokens: { input: null, output: null, total: null },
			},
			error: null,
			cost: { points: 120, charged: "yes" },
		});
		expect(Date.parse(json.result.received_at)).not.toBeNaN();
		expect(Date.parse(json.finished_at)).not.toBeNaN();
		expect(headers.get("retry-after")).toBeNull();
	});

	it("shows why a job failed, and what that cost", async () => {
		const { id } = await aJob(stage.store, { state: "failed" });

		const { json } = await stage.request(`/v1/jobs/${id}`);

		expect(json.error).toEqual({
			code: "provider_failed",
			message: "It did not work.",
			retryable: true,
			provider: null,
			charged: "no",
		});
	});

	it.each(["queued", "submitting", "rendering", "unknown", "overdue"] as const)(
		"says when to ask again about a job that is %s",
		async (state) => {
			const { id } = await aJob(stage.store, { state });

			const { json, headers } = await stage.request(`/v1/jobs/${id}`);

			expect(json.state).toBe(state);
			expect(headers.get("retry-after")).toBe("5");
		},
	);
});

describe("waiting_for", () => {
	afterEach(async () => {
		await clearTestStore(stage.store);
		await limit({ rateCount: 1_000, concurrency: 100 });
	});

	const limit = (limits: { rateCount: number; concurrency: number }) =>
		ensureGovernor(stage.db, { rateWindowMs: 10_000, ...limits });
	const waitingFor = async (body = {}) => {
		const { id } = await stage.createJob(body);
		return (await stage.request(`/v1/jobs/${id}`)).json.waiting_for;
	};

	it("is null while nothing holds the job back", async () => {
		expect(await waitingFor()).toBeNull();
	});

	it("is run_at before that instant", async () => {
		expect(await waitingFor({ run_at: "2999-01-01T00:00:00Z" })).toBe("run_at");
	});

	it("is the rate limit while the window is full", async () => {
		await limit({ rateCount: 1, concurrency: 100 });
		await grantedAgo(stage.store, 0);

		expect(await waitingFor()).toBe("provider_rate_limit");
	});

	it("is the rate limit while the provider asked us to wait", async () => {
		await blockGovernor(stage.db, 60_000);

		expect(await waitingFor()).toBe("provider_rate_limit");
	});

	it.each(["funds", "credentials"] as const)(
		"is the provider's %s while it refuses us for them",
		async (reason) => {
			await closeGovernor(stage.db, { reason, detail: "no", probeS: 30 });

			expect(await waitingFor()).toBe(`provider_${reason}`);
		},
	);

	it("is a free slot while every one is taken", async () => {
		await limit({ rateCount: 1_000, concurrency: 1 });
		await aJob(stage.store, { state: "rendering" });

		expect(await waitingFor()).toBe("free_slot");
	});
});

/** What a job waits for, and how long, is another thing at every moment. */
function withoutOutlook(job: object): object {
	const moving = ["waiting_for", "queue_position"];
	return Object.fromEntries(
		Object.entries(job).filter(
			([name]) => !moving.includes(name) && !name.startsWith("estimated_"),
		),
	);
}

describe("a job of another tenant", () => {
	it.each([
		["GET", ""],
		["GET", "/events"],
		["POST", "/cancel"],
	])("is a 404 for %s %s, like one that never was", async (method, rest) => {
		const job = await stage.createJob();
		const key = await stage.aStrangersKey();
		const ask = (id: string) =>
			stage.request(`/v1/jobs/${id}${rest}`, { method, key });

		const theirs = await ask(job.id);
		const nobodys = await ask("job_01k0aj5m8gq4w3n7y2e6c9vb1d");

		expect(theirs.status).toBe(404);
		const { instance: _, request_id: __, ...said } = theirs.json;
		expect(nobodys.json).toMatchObject(said);
		const after = await stage.request(`/v1/jobs/${job.id}`);
		expect(withoutOutlook(after.json)).toEqual(withoutOutlook(job));
	});

	it("is in no list of ours", async () => {
		await stage.createJob();
		const key = await stage.aStrangersKey();

		const { json } = await stage.request("/v1/jobs", { key });

		expect(json).toEqual({ data: [], has_more: false, next_cursor: null });
	});
});

describe("an id that is none", () => {
	it.each(["x", "job_", "%00", "job_%00", "JOB_01", "sub_x", "..%2f..", "🛶"])(
		"%s is a 404 on every route",
		async (id) => {
			const answers = await Promise.all([
				stage.request(`/v1/jobs/${id}`),
				stage.request(`/v1/jobs/${id}/events`),
				stage.request(`/v1/jobs/${id}/cancel`, { method: "POST" }),
			]);

			expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
		},
	);

	it.each(["%zz", "%", "%c3%28"])("%s is a 400", async (id) => {
		const { status, json } = await stage.request(`/v1/jobs/${id}`);

		expect(status).toBe(400);
		expect(json.code).toBe("malformed_url");
	});
});

describe("GET /v1/jobs/{id}/events", () => {
	it("pages through the timeline from the beginning or after an entry", async () => {
		const { id } = await aJob(stage.store, { state: "succeeded" });
		const path = `/v1/jobs/${id}/events`;

		const first = await stage.request(`${path}?limit=3`);
		const rest = await stage.request(`${path}?after=${first.json.next_after}`);
		const end = await stage.request(`${path}?after=${rest.json.next_after}`);

		const types = (json: { data: { type: string }[] }) =>
			json.data.map(({ type }) => type);
		expect(types(first.json)).toEqual(["accepted", "submitting", "rendering"]);
		expect(first.json.has_more).toBe(true);
		expect(types(rest.json)).toEqual(["succeeded"]);
		expect(rest.json.has_more).toBe(false);
		expect(end.json).toEqual({
			data: [],
			has_more: false,
			next_after: rest.json.next_after,
		});
	});

	it.each(["after=x", "after=-1", "after=9999999999999999999", "limit=201"])(
		"refuses ?%s with 422",
		async (query) => {
			const { id } = await stage.createJob({ input: { prompt } });

			const { status } = await stage.request(`/v1/jobs/${id}/events?${query}`);

			expect(status).toBe(422);
		},
	);
});
