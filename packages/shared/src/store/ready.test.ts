import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { allOtherStates, changedBy } from "../testing/cast.ts";
import { aJob, aNewJob, type TestJob } from "../testing/factories.ts";
import { anError } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { reread } from "../testing/written.ts";
import { insertJob } from "./accept.ts";
import {
	claimRingsDue,
	countLiveJobs,
	type DueRing,
	expireQueued,
	forgetRings,
} from "./ready.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const idsOf = (rings: DueRing[]) => rings.map(({ id }) => id);

describe("claimRingsDue", () => {
	it("rings for ready jobs whose ring was never sent or may have been lost, and for no others", async () => {
		const { queued: _, ...others } = allOtherStates;
		const { changed } = await changedBy(
			store,
			{
				never: {},
				lost: { hintedAgoS: 90 },
				justRung: { hintedAgoS: 10 },
				later: { notBeforeInS: 60 },
				...others,
			},
			() => claimRingsDue(store.db, 100),
		);

		expect(changed).toEqual(["never", "lost"]);
	});

	it("rings again only after the interval", async () => {
		const job = await aJob(store);

		const first = await claimRingsDue(store.db, 100);
		const second = await claimRingsDue(store.db, 100);
		await store.db.$executeRaw`
			update job set hinted_at = hinted_at - interval '61 s'`;
		const third = await claimRingsDue(store.db, 100);

		expect([first, second, third].map(idsOf)).toEqual([
			...[[job.id], [], [job.id]],
		]);
	});

	it("rings the next time when the job has waited as long again", async () => {
		const job = await aJob(store);
		const rungAfter = async (wait: string, since: string) => {
			await store.db.$executeRaw`
				update job set created_at = now() - interval '1 day', not_before = now() - ${wait}::text::interval,
					hinted_at = now() - ${since}::text::interval`;
			return idsOf(await claimRingsDue(store.db, 100));
		};

		expect(await rungAfter("19 min", "9 min")).toEqual([]);
		expect(await rungAfter("19 min", "10 min")).toEqual([job.id]);
	});

	it("goes on behind the last one, in the order of turns, and reads none twice", async () => {
		const jobs = await Promise.all(
			Array.from({ length: 5 }, () => insertJob(store.db, aNewJob(store))),
		);
		const other = await insertJob(store.db, aNewJob(store, { priority: 0 }));
		await store.db.$executeRaw`update job set hinted_at = null`;

		const first = await claimRingsDue(store.db, 2);
		await store.db.$executeRaw`update job set hinted_at = null`;
		const rest = await claimRingsDue(store.db, 100, first.at(-1));

		expect(first[0]?.id).toBe(other?.id);
		expect(idsOf([...first, ...rest]).sort()).toEqual(
			[...jobs, other].map((job) => job?.id).sort(),
		);
	});

	it("gives each ring to one of several sweepers, and takes no more than its limit", async () => {
		for (let n = 0; n < 20; n += 1) await aJob(store);

		const passes = await Promise.all(
			[1, 2, 3, 4].map(() => claimRingsDue(store.db, 4)),
		);

		expect(passes.map(({ length }) => length)).toEqual([4, 4, 4, 4]);
		expect(new Set(idsOf(passes.flat())).size).toBe(16);
	});
});

describe("forgetRings", () => {
	it("lets the next pass ring for all that is ready, and touches nothing else", async () => {
		const { queued: _, ...others } = allOtherStates;
		const { changed } = await changedBy(
			store,
			{
				rung: { hintedAgoS: 1 },
				never: {},
				ended: { state: "failed", hintedAgoS: 1 },
				sent: { state: "submitting", hintedAgoS: 1 },
				...others,
			},
			() => forgetRings(store.db),
		);

		expect(changed).toEqual(["rung"]);
		expect(await claimRingsDue(store.db, 100)).toHaveLength(2);
	});
});

describe("expireQueued", () => {
	const expire = () =>
		expireQueued(store.db, 100, anError("start_deadline_passed"));

	it("expires what was not started by its deadline, and nothing else", async () => {
		const { changed, jobs } = await changedBy(
			store,
			{
				late: { startByInS: -1 },
				again: { startByInS: -1, submission: "rejected" },
				future: { startByInS: 60 },
				sent: { state: "rendering", startByInS: -1 },
				lost: { state: "unknown", startByInS: -1 },
				...allOtherStates,
			},
			expire,
		);

		expect(changed).toEqual(["late", "again"]);
		expect(await reread(store, jobs.late as TestJob)).toMatchObject({
			state: "expired",
			error: { code: "start_deadline_passed" },
			charged: "no",
			result: null,
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("expires each job once when two sweepers meet", async () => {
		for (let n = 0; n < 10; n += 1) {
			await aJob(store, { startByInS: -1, webhookUrl });
		}

		const passes = await Promise.all([expire(), expire(), expire()]);

		expect(passes.reduce((sum, { expired }) => sum + expired, 0)).toBe(10);
		expect(passes.reduce((sum, { deliveries }) => sum + deliveries, 0)).toBe(
			10,
		);
		expect(await findViolations(store.db)).toEqual([]);
	});
});

describe("countLiveJobs", () => {
	it("counts live jobs by state and knows how long the oldest has been ready", async () => {
		for (const spec of Object.values(allOtherStates)) await aJob(store, spec);
		await aJob(store, { ageS: 500, notBeforeInS: -120 });
		await aJob(store, { ageS: 900, notBeforeInS: 60 });

		const { byState, oldestReadyS } = await countLiveJobs(store.db);

		expect(byState).toEqual({
			queued: 3,
			submitting: 1,
			rendering: 1,
			unknown: 1,
			overdue: 1,
		});
		expect(Math.round(oldestReadyS / 10)).toBe(12);
	});
});
