import { findViolations } from "@reelay/shared/testing/audit";
import { aJob } from "@reelay/shared/testing/factories";
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

const cancel = (id: string) =>
	stage.request(`/v1/jobs/${id}/cancel`, { method: "POST" });
const typesOf = async (id: string) => {
	const { json } = await stage.request(`/v1/jobs/${id}/events`);
	return json.data.map(({ type }: { type: string }) => type);
};

describe("POST /v1/jobs/{id}/cancel 200", () => {
	it("ends a queued job at once and free of charge, and tells its webhook", async () => {
		const { id } = await aJob(stage.store, {
			webhookUrl: "https://hooks.example.com/",
		});

		const { status, json } = await cancel(id);

		expect(status).toBe(200);
		expect(json).toMatchObject({
			state: "cancelled",
			cost: { charged: "no" },
			cancel: { effect: "cancelled" },
		});
		expect(json.cancel.message).toContain("nothing was charged");
		expect(await typesOf(id)).toEqual(["accepted", "cancelled"]);
		expect(stage.rings.at(-1)).toEqual({ kind: "deliver", ids: [id] });
		const deliveries = await stage.db.$queryRaw`
			select event.type, delivery.state from delivery join event on event.id = event_id where job_id = ${id}`;
		expect(deliveries).toEqual([{ type: "video.cancelled", state: "pending" }]);
	});

	it("does not say that nothing was charged where an earlier submission may have been", async () => {
		const { id } = await aJob(stage.store, { submission: "lapsed" });

		const { json } = await cancel(id);

		expect(json.cancel).toEqual({
			effect: "cancelled",
			message: expect.stringContaining("may have been charged"),
		});
	});

	it.each(["submitting", "rendering", "unknown", "overdue"] as const)(
		"notes the wish on a job that is %s, and says that it may be charged",
		async (state) => {
			const { id } = await aJob(stage.store, { state });

			const { status, json } = await cancel(id);

			expect(status).toBe(200);
			expect(json).toMatchObject({ state, cancel: { effect: "requested" } });
			expect(json.cancel_requested_at).not.toBeNull();
			expect(json.cancel.message).toContain("may be charged");
		},
	);

	it.each(["succeeded", "failed", "cancelled", "expired"] as const)(
		"changes nothing about a job that has ended as %s",
		async (state) => {
			const { id } = await aJob(stage.store, { state });
			const before = await stage.request(`/v1/jobs/${id}`);

			const { status, json } = await cancel(id);

			const { cancel: said, ...job } = json;
			expect(status).toBe(200);
			expect(said).toEqual({
				effect: "none",
				message: `The job had already ended as ${state}.`,
			});
			expect(job).toEqual(before.json);
		},
	);

	it.each(["queued", "rendering"] as const)(
		"writes one line and one event when twenty ask at once about a job that is %s",
		async (state) => {
			const { id } = await aJob(stage.store, { state });

			const answers = await Promise.all(
				Array.from({ length: 20 }, () => cancel(id)),
			);

			expect(answers.every(({ status }) => status === 200)).toBe(true);
			const told = (await typesOf(id)).filter((type: string) =>
				type.startsWith("cancel"),
			);
			expect(told).toEqual([
				state === "queued" ? "cancelled" : "cancel_requested",
			]);
		},
	);

	it("leaves every other job as it was", async () => {
		const other = await aJob(stage.store, { state: "rendering" });
		const queued = await aJob(stage.store);
		const { id } = await aJob(stage.store);

		await cancel(id);

		const states = await stage.db.$queryRaw`
			select id from job where cancel_requested_at is null and live order by id`;
		expect(states).toEqual([other.id, queued.id].sort().map((id) => ({ id })));
	});
});
