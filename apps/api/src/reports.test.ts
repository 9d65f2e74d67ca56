import type { Database } from "@reelay/shared/store/database";
import { openDatabase } from "@reelay/shared/store/database";
import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "./testing/stage.ts";

const poolSize = 2;

let stage: ApiStage;
let reports: Awaited<ReturnType<typeof openDatabase>>;
beforeAll(async () => {
	// The stage makes the database, and the pool beside its others is known afterwards.
	const late: { db?: Database } = {};
	const db = new Proxy({} as Database, {
		get: (_target, name) => Reflect.get(late.db ?? {}, name),
	});
	stage = await setStage({ reports: db });
	reports = await openDatabase({
		url: stage.store.url,
		applicationName: "reelay-test-reports",
		poolSize,
	});
	late.db = reports.db;
});
afterAll(async () => {
	await reports.close();
	await stage.close();
});

/** Who sleeps in the database, by the process of each connection. */
const sleepers = async () =>
	stage.db.$queryRaw<{ pid: number }[]>`
		select pid from pg_stat_activity where query like '%pg_sleep%' and application_name = 'reelay-test-reports'
			and state = 'active'`;

describe("while every connection of the reports is taken", () => {
	it("jobs are accepted, read, followed and cancelled, and reports wait for nobody else", async () => {
		const first = await stage.createJob();
		const asleep = Array.from({ length: poolSize }, () =>
			reports.db.$queryRaw`select pg_sleep(60)::text`.catch(() => {}),
		);
		await eventually(async () =>
			expect(await sleepers()).toHaveLength(poolSize),
		);
		let hasAnswered = false;
		const waiting = ["/v1/usage", "/v1/jobs?state=queued", "/v1/batches"].map(
			async (path) => {
				const { status } = await stage.request(path);
				hasAnswered = true;
				return status;
			},
		);

		const accepted = await stage.createJob();
		const answers = [
			await stage.request(`/v1/jobs/${accepted.id}`),
			await stage.request(`/v1/jobs/${first.id}/events`),
			await stage.request("/v1/events"),
			await stage.request(`/v1/jobs/${first.id}/cancel`, { method: "POST" }),
		];
		const wasBlocked = !hasAnswered;
		for (const { pid } of await sleepers()) {
			await stage.db.$queryRaw`select pg_terminate_backend(${pid}::int)::text`;
		}
		await Promise.all(asleep);

		expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
		expect(wasBlocked).toBe(true);
		expect(await Promise.all(waiting)).toEqual([200, 200, 200]);
	});
});
