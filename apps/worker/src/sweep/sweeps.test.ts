import type { JobState } from "@reelay/shared/domain/job";
import { findViolations } from "@reelay/shared/testing/audit";
import { claimOne } from "@reelay/shared/testing/claims";
import { aJob, type JobSpec } from "@reelay/shared/testing/factories";
import { createMemoryLog } from "@reelay/shared/testing/log";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "@reelay/shared/testing/store";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type PassOptions, passSweep } from "../testing/sweep-pass.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	await clearTestStore(store);
});
afterAll(() => store.close());

const { logger } = createMemoryLog();
const pass = (name: string, options: Partial<PassOptions> = {}) =>
	passSweep(name, { db: store.db, logger, ...options });

const ids = (...jobs: { id: string }[]) => jobs.map(({ id }) => id).sort();
async function stateOf({ id }: { id: string }): Promise<JobState | undefined> {
	const rows = await store.db.$queryRaw<{ state: JobState }[]>`
		select state from job where id = ${id}`;
	return rows[0]?.state;
}
const past = -1;

describe("ring", () => {
	it("rings for what is ready and was not rung for lately", async () => {
		const lost = await aJob(store, { hintedAgoS: 61 });
		const never = await aJob(store);
		await aJob(store, { hintedAgoS: 30 });
		await aJob(store, { notBeforeInS: 60 });
		await aJob(store, { state: "rendering" });

		const first = await pass("ring");
		const second = await pass("ring");

		expect(first.rung.sort()).toEqual(ids(lost, never));
		expect(first.repaired).toBe(2);
		expect(second.rung).toEqual([]);
	});

	it("rings at once for all that is ready when the bell has lost its rings, and for nothing else", async () => {
		const rung = await aJob(store, { hintedAgoS: 1 });
		const due = await aJob(store);
		await aJob(store, { notBeforeInS: 60, hintedAgoS: 1 });
		await aJob(store, { state: "unknown", hintedAgoS: 1 });

		const after = await pass("ring", { hasForgotten: true });
		const again = await pass("ring");

		expect(after.rung.sort()).toEqual(ids(rung, due));
		expect(again.rung).toEqual([]);
	});

	it("rings for a long queue in one pass, and stops when the bell takes no more", async () => {
		await aJob(store);
		await store.db.$executeRaw`
			insert into job select (jsonb_populate_record(job, jsonb_build_object('id', id || n))).*
			from job, generate_series(1, 500) n`;

		const refused = await pass("ring", { bell: Promise.resolve(false) });
		const taken = await pass("ring", { hasForgotten: true });

		expect(refused.rung).toHaveLength(500);
		expect(new Set(taken.rung).size).toBe(501);
	});
});

describe("wake", () => {
	it("wakes this worker's own claimers without asking the bell", async () => {
		await aJob(store);
		const silent = new Promise<boolean>(() => {});

		expect(await pass("wake", { bell: silent })).toMatchObject({
			rung: [],
			submitter: 1,
			deliverer: 1,
		});
	});
});

describe("scheduled", () => {
	it("wakes this worker's claimer for what has come due, and for nothing else", async () => {
		await aJob(store, { notBeforeInS: 60 });
		const early = await pass("scheduled");
		await aJob(store, { notBeforeInS: past, isScheduled: true });

		const due = await pass("scheduled");

		expect(early).toMatchObject({ repaired: 0, submitter: 0 });
		expect(due).toMatchObject({ repaired: 1, submitter: 1 });
		expect(await claimOne(store.db, "w")).not.toBeNull();
		expect(await claimOne(store.db, "w")).toBeNull();
	});

	it("lets a large backlog take its turns in one pass", async () => {
		await aJob(store, { notBeforeInS: past, isScheduled: true });
		await store.db.$executeRaw`
			insert into job select (jsonb_populate_record(job, jsonb_build_object('id', id || n))).*
			from job, generate_series(1, 600) n`;

		expect(await pass("scheduled")).toMatchObject({ repaired: 601 });
	});
});

/** Each sweep that moves jobs on: a row that it must repair, and one that only looks like it. */
const moves: [sweep: string, ripe: JobSpec, to: JobState, unripe: JobSpec][] = [
	[
		"rescue",
		{ state: "submitting", leaseInS: past },
		"unknown",
		{ state: "submitting", leaseInS: 30 },
	],
	[
		"overdue",
		{ state: "rendering", callbackDueInS: past },
		"overdue",
		{ state: "rendering" },
	],
	[
		"overdue",
		{ state: "unknown", callbackDueInS: past },
		"overdue",
		{ state: "submitting", callbackDueInS: past },
	],
	[
		"overdue",
		{ state: "unknown", callbackDueInS: past, onUnknown: "fail" },
		"failed",
		{ state: "unknown", onUnknown: "fail" },
	],
	[
		"overdue",
		{ state: "unknown", callbackDueInS: past, onUnknown: "resubmit_once" },
		"queued",
		{ state: "unknown", onUnknown: "resubmit_once" },
	],
	[
		"lapse",
		{ state: "overdue", callbackDueInS: past },
		"failed",
		{ state: "overdue" },
	],
	[
		"lapse",
		{ state: "overdue", callbackDueInS: past, cancelRequested: true },
		"cancelled",
		{ state: "rendering", callbackDueInS: past },
	],
	["expire", { startByInS: past }, "expired", { startByInS: 60 }],
];

describe.each(moves)("%s", (sweep, ripe, to, unripe) => {
	it(`makes ${ripe.state ?? "queued"} ${to}, once, and leaves the others`, async () => {
		const job = await aJob(store, ripe);
		const other = await aJob(store, unripe);

		const first = await pass(sweep);
		const second = await pass(sweep);

		expect(await stateOf(job)).toBe(to);
		expect(await stateOf(other)).toBe(unripe.state ?? "queued");
		expect([first.repaired, second.repaired]).toEqual([1, 0]);
	});
});

describe.each(["lapse", "expire"])("%s", (sweep) => {
	const ripe: JobSpec =
		sweep === "lapse"
			? { state: "overdue", callbackDueInS: past }
			: { startByInS: past };

	it("says why, and wakes the deliverer for the job's webhook", async () => {
		const job = await aJob(store, {
			...ripe,
			webhookUrl: "https://hooks.example.com/",
		});

		const { deliverer } = await pass(sweep);

		expect(deliverer).toBe(1);
		const rows = await store.db.$queryRaw`
			select error->>'code' as code, charged from job where id = ${job.id}`;
		expect(rows).toEqual([
			sweep === "lapse"
				? { code: "no_result", charged: "possible" }
				: { code: "start_deadline_passed", charged: "no" },
		]);
	});

	it("wakes nobody when there is nothing to tell", async () => {
		await aJob(store, ripe);

		expect((await pass(sweep)).deliverer).toBe(0);
	});
});

describe("leaseRenewal", () => {
	it("extends the leases of what this worker waits for, and not one that it does not know of", async () => {
		const known = await aJob(store, { state: "submitting", leaseInS: 10 });
		await aJob(store, { state: "submitting", leaseInS: 10 });
		const held = [known.submission_id ?? ""];

		await pass("leaseRenewal", { held });

		const rows = await store.db.$queryRaw`
			select id from submission where lease_until > now() + interval '30 s'`;
		expect(rows).toEqual([{ id: known.submission_id }]);
	});
});

describe("idempotencyKeys", () => {
	it("frees keys that are a day old", async () => {
		await aJob(store, { idempotencyKey: "old", ageS: 24 * 60 * 60 + 1 });
		await aJob(store, { idempotencyKey: "new", ageS: 24 * 60 * 60 - 60 });

		await pass("idempotencyKeys");

		const rows = await store.db.$queryRaw`
			select idem_key from job where idem_key is not null`;
		expect(rows).toEqual([{ idem_key: "new" }]);
	});
});

it("lets two workers run every sweep at once, and each row is repaired once", async () => {
	for (const [, ripe] of moves) await aJob(store, ripe);
	const names = [...new Set(moves.map(([sweep]) => sweep))];

	const passes = await Promise.all(
		[...names, ...names, ...names].map((name) => pass(name)),
	);

	const repaired = passes.reduce((sum, one) => sum + one.repaired, 0);
	expect(repaired).toBe(moves.length);
});
