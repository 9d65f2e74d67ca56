import { recordAttempt } from "@reelay/shared/store/attempts";
import {
	type ClaimedDelivery,
	claimDueDeliveries,
} from "@reelay/shared/store/deliveries";
import { updateEndpoint } from "@reelay/shared/store/endpoints";
import { settleSubmission } from "@reelay/shared/store/settle";
import { eventually } from "@reelay/shared/testing/eventually";
import {
	aJob,
	anEndpoint,
	submissionOf,
} from "@reelay/shared/testing/factories";
import { anAttempt, aSuccess } from "@reelay/shared/testing/reports";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";

let api: ApiStage;
beforeAll(async () => {
	api = await setStage();
});
beforeEach(() => clearTestStore(api.store));
afterAll(() => api.close());

async function endJob(): Promise<string> {
	const job = await aJob(api.store, { state: "rendering" });
	await settleSubmission(api.db, aSuccess(submissionOf(job)));
	return job.id;
}
async function claimOne(): Promise<ClaimedDelivery> {
	const [delivery] = await claimDueDeliveries(api.db, "w", 1);
	if (delivery === undefined) throw new Error("nothing is due");
	return delivery;
}
const get = async (path: string) => (await api.request(path)).json;

describe("a delivery", () => {
	it("shows every attempt, why it failed and what its owner can do", async () => {
		const endpoint = await anEndpoint(api.store);
		const jobId = await endJob();
		const claimed = await claimOne();
		const sending = await get(`/v1/deliveries/${claimed.id}`);
		const timings = { dns: 1.5, connect: 2, tls: 3, firstByte: 4, total: 11 };
		await recordAttempt(api.db, anAttempt(claimed, { timings }));

		const list = await get(`/v1/endpoints/${endpoint.id}/deliveries`);
		const one = await get(`/v1/deliveries/${claimed.id}`);

		expect(sending).toMatchObject({ state: "sending", next_attempt_at: null });
		expect(list).toMatchObject({
			data: [{ id: claimed.id, state: "pending", attempts: 1, job_id: jobId }],
			has_more: false,
			next_cursor: null,
		});
		expect(one).toMatchObject({
			endpoint_id: endpoint.id,
			event_type: "video.succeeded",
			last_status: 503,
			attempt_log: [
				{
					n: 1,
					outcome: "failed",
					status: 503,
					response_excerpt: "busy",
					timings_ms: timings,
					next_attempt_at: one.next_attempt_at,
					failure: {
						code: "http_5xx",
						reason: expect.any(String),
						fix: expect.any(String),
					},
				},
			],
		});
	});

	it("is listed by state, page by page, newest first", async () => {
		const { id } = await anEndpoint(api.store);
		for (let n = 0; n < 5; n += 1) await endJob();
		await recordAttempt(
			api.db,
			anAttempt(await claimOne(), { outcome: "delivered" }),
		);
		const path = `/v1/endpoints/${id}/deliveries?state=pending,exhausted&limit=3`;

		const first = await get(path);
		const second = await get(`${path}&cursor=${first.next_cursor}`);

		const ids = [...first.data, ...second.data].map((one) => one.id);
		expect([first.has_more, second.has_more]).toEqual([true, false]);
		expect(ids).toHaveLength(4);
		expect(ids).toEqual(ids.toSorted().reverse());
	});

	it("that has ended is sent again when somebody asks, with a whole schedule before it", async () => {
		await anEndpoint(api.store);
		await endJob();
		const claimed = await claimOne();
		await recordAttempt(api.db, anAttempt(claimed, { nextInMs: null }));
		const path = `/v1/deliveries/${claimed.id}/redeliver`;

		const asked = await api.request(path, { method: "POST" });
		const again = await claimOne();
		const busy = await api.request(path, { method: "POST" });

		expect(asked.status).toBe(202);
		expect(asked.json).toMatchObject({ state: "pending", attempts: 1 });
		expect(api.rings.at(-1)).toEqual({ kind: "deliver", ids: [claimed.id] });
		expect(again).toMatchObject({
			id: claimed.id,
			event_id: claimed.event_id,
			attempt: 2,
			step: 1,
		});
		expect(busy.json.code).toBe("not_deliverable");
	});

	it("of a disabled endpoint waits for that, and says so", async () => {
		const { id, tenant_id } = await anEndpoint(api.store, { disabled: true });
		await endJob();
		const [held] = (await get(`/v1/endpoints/${id}/deliveries`)).data;
		const path = `/v1/deliveries/${held.id}/redeliver`;

		const refused = await api.request(path, { method: "POST" });
		const own = { tenantId: tenant_id, id };
		await updateEndpoint(api.db, own, { disabled: false });
		const taken = await api.request(path, { method: "POST" });

		expect(held.state).toBe("held");
		expect([refused.status, taken.status]).toEqual([409, 202]);
	});

	it("of another tenant is as unknown as one that never was", async () => {
		await anEndpoint(api.store);
		await endJob();
		const { id, event_id } = await claimOne();
		const key = await api.aStrangersKey();

		const answers = await Promise.all([
			api.request(`/v1/deliveries/${id}`, { key }),
			api.request(`/v1/deliveries/${id}/redeliver`, { method: "POST", key }),
			api.request(`/v1/events/${event_id}`, { key }),
			api.request("/v1/deliveries/dlv_x"),
		]);

		expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
	});
});

describe("a test", () => {
	it("is sent at once, also to a disabled endpoint, and answered with its attempt", async () => {
		const { id } = await anEndpoint(api.store, { disabled: true });
		const answering = api.request(`/v1/endpoints/${id}/test`, {
			method: "POST",
			body: { type: "video.succeeded" },
		});
		const claimed = await eventually(claimOne);

		await recordAttempt(
			api.db,
			anAttempt(claimed, { outcome: "delivered", status: 204 }),
		);
		const { status, json } = await answering;

		expect(status).toBe(200);
		expect(json).toMatchObject({
			delivery: { id: claimed.id, state: "delivered", job_id: null },
			attempt: { n: 1, status: 204, failure: null },
		});
		expect(claimed).toMatchObject({
			event_type: "video.succeeded",
			job_id: null,
			snapshot: { state: "succeeded", metadata: { sample: "true" } },
			schedule_s: [0],
		});
		expect((await get("/v1/events")).data).toEqual([]);
	});

	it("of a type that there is not is refused", async () => {
		const { id } = await anEndpoint(api.store);

		const answer = await api.request(`/v1/endpoints/${id}/test`, {
			method: "POST",
			body: { type: "video.started" },
		});

		expect(answer.status).toBe(422);
	});
});

describe("the feed", () => {
	/** Whoever else writes in this cluster holds the feed up for a moment. */
	const settle = (count: number) =>
		eventually(async () =>
			expect((await get("/v1/events")).data).toHaveLength(count),
		);

	it("gives every event once, page after page, with the same data that is delivered", async () => {
		const jobs = [];
		for (let n = 0; n < 5; n += 1) jobs.push(await endJob());
		await settle(5);

		const first = await get("/v1/events?limit=2");
		const second = await get(`/v1/events?limit=2&after=${first.next_after}`);
		const third = await get(`/v1/events?limit=2&after=${second.next_after}`);
		const end = await get(`/v1/events?after=${third.next_after}`);

		const events = [...first.data, ...second.data, ...third.data];
		expect(events.map(({ data }) => data.id)).toEqual(jobs);
		expect([first, second, third].map((page) => page.has_more)).toEqual([
			true,
			true,
			false,
		]);
		expect(end).toEqual({
			data: [],
			has_more: false,
			next_after: third.next_after,
		});
		expect(await get(`/v1/events/${events[0].id}`)).toMatchObject({
			...events[0],
			deliveries: [],
		});
	});

	it("gives the types that are asked for, and names one that there is not", async () => {
		await endJob();
		await settle(1);

		const some = await get("/v1/events?types=video.failed,video.s*");
		const video = await get("/v1/events?types=video.*");
		const none = await get("/v1/events?types=video.failed");

		expect(some.code).toBe("invalid_request");
		expect(some.errors[0]).toMatchObject({ parameter: "types" });
		expect([video.data.length, none.data.length]).toEqual([1, 0]);
	});

	it.each(["evt_01m8230d89acf2kkt410x3bw6a", "7", ""])(
		"refuses to begin behind %j, which is no event of the tenant's",
		async (after) => {
			const answer = await get(`/v1/events?after=${after}`);

			expect(answer.errors).toMatchObject([{ parameter: "after" }]);
		},
	);
});
