import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { aJob, aNewJob, aTenant } from "../testing/factories.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { insertJob } from "./accept.ts";
import {
	findJob,
	findJobByIdempotencyKey,
	pruneIdempotencyKeys,
} from "./jobs.ts";
import { listTimeline } from "./timeline.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 16 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const countJobs = async () =>
	(
		await store.db.$queryRaw<{ n: number }[]>`
			select count(*)::int as n from job`
	)[0]?.n;

describe("insertJob", () => {
	it("returns the job as it is read back, with the first line of its timeline", async () => {
		const job = await insertJob(
			store.db,
			aNewJob(store, {
				idempotencyKey: "key-1",
				externalId: "order-7",
				metadata: { order: "7", quote: `"'\\ ✓` },
				tags: ["a", "b,c", '{"d"}'],
				warnings: [{ pointer: "/input/prompt", code: "w", message: "m" }],
				webhookUrl: "https://example.com/hook",
				priority: 0,
				price: { priceClass: "pro", videoSeconds: 5, estimatePoints: 200 },
			}),
		);

		expect(job).toMatchObject({
			id: expect.stringMatching(/^job_[0-7][0-9a-hjkmnp-tv-z]{25}$/),
			state: "queued",
			charged: "no",
			tags: ["a", "b,c", '{"d"}'],
			metadata: { order: "7", quote: `"'\\ ✓` },
			submissions: 0,
		});
		const found = await findJob(store.db, store.tenantId, job?.id ?? "");
		expect(found).toMatchObject(job ?? {});
		const timeline = await listTimeline(store.db, {
			jobId: job?.id ?? "",
			afterId: 0n,
			limit: 10,
		});
		expect(timeline.map(({ type }) => type)).toEqual(["accepted"]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("starts at once and by the deadline that counts from now", async () => {
		await insertJob(store.db, aNewJob(store, { startWithinS: 60 }));

		const rows = await store.db.$queryRaw`
			select not_before = created_at as at_once, start_by = created_at + interval '60 s' as by_deadline,
				hinted_at = created_at as rung from job`;
		expect(rows).toEqual([{ at_once: true, by_deadline: true, rung: true }]);
	});

	it("counts the start deadline from run_at, and leaves the ring to the sweep", async () => {
		const runAt = new Date(Date.now() + 3_600_000);

		const job = await insertJob(
			store.db,
			aNewJob(store, { runAt, startWithinS: 60 }),
		);

		expect(job?.not_before).toEqual(runAt);
		expect(job?.start_by).toEqual(new Date(runAt.getTime() + 60_000));
		const rows = await store.db.$queryRaw`select hinted_at from job`;
		expect(rows).toEqual([{ hinted_at: null }]);
	});

	it("takes a run_at in the past for now", async () => {
		await insertJob(store.db, aNewJob(store, { runAt: new Date(0) }));

		const rows = await store.db.$queryRaw`
			select not_before = created_at as at_once, start_by > now() as open from job`;
		expect(rows).toEqual([{ at_once: true, open: true }]);
	});

	it("writes one row for one idempotency key, however many arrive at once, and every loser finds it", async () => {
		const job = aNewJob(store, { idempotencyKey: "key-1" });

		const ids = await Promise.all(
			Array.from({ length: 100 }, async () => {
				const born = await insertJob(store.db, job);
				const found = await findJobByIdempotencyKey(
					store.db,
					store.tenantId,
					"key-1",
				);
				return { born: born?.id ?? null, found: found?.id };
			}),
		);

		const winners = ids.filter(({ born }) => born !== null);
		expect(winners).toHaveLength(1);
		expect(new Set(ids.map(({ found }) => found))).toEqual(
			new Set([winners[0]?.born]),
		);
		expect(await countJobs()).toBe(1);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("refuses a second job with the same external id, and tells it from a replay", async () => {
		await insertJob(store.db, aNewJob(store, { externalId: "order-7" }));

		const second = await insertJob(
			store.db,
			aNewJob(store, { externalId: "order-7", idempotencyKey: "key-2" }),
		);

		expect(second).toBeNull();
		expect(
			await findJobByIdempotencyKey(store.db, store.tenantId, "key-2"),
		).toBeNull();
	});

	it("lets two tenants use the same key and the same external id", async () => {
		const tenantId = await aTenant(store);
		const same = { idempotencyKey: "key-1", externalId: "order-7" };

		const ours = await insertJob(store.db, aNewJob(store, same));
		const theirs = await insertJob(store.db, aNewJob({ tenantId }, same));

		expect(ours?.id).not.toBe(theirs?.id);
		expect(
			(await findJobByIdempotencyKey(store.db, tenantId, "key-1"))?.id,
		).toBe(theirs?.id);
	});

	it("gives back the fingerprint of the request that made the job", async () => {
		const fingerprint = Buffer.from("0123456789abcdef0123456789abcdef");
		await insertJob(
			store.db,
			aNewJob(store, { idempotencyKey: "key-1", fingerprint }),
		);

		const found = await findJobByIdempotencyKey(
			store.db,
			store.tenantId,
			"key-1",
		);

		expect(fingerprint.equals(found?.fingerprint ?? Buffer.alloc(0))).toBe(
			true,
		);
	});
});

describe("findJob", () => {
	it("does not find another tenant's job", async () => {
		const job = await aJob(store);

		const found = await findJob(store.db, await aTenant(store), job.id);

		expect(found).toBeNull();
	});
});

describe("pruneIdempotencyKeys", () => {
	it("frees keys older than a day and no others, the oldest first", async () => {
		const day = 24 * 60 * 60;
		await aJob(store, { idempotencyKey: "oldest", ageS: 3 * day });
		await aJob(store, { idempotencyKey: "old", ageS: day + 60 });
		await aJob(store, { idempotencyKey: "young", ageS: day - 60 });
		await aJob(store, { idempotencyKey: "new", state: "succeeded" });
		const keys = async () =>
			(
				await store.db.$queryRaw<{ key: string }[]>`
					select idem_key as key from job where idem_key is not null order by created_at`
			).map(({ key }) => key);

		const first = await pruneIdempotencyKeys(store.db, 1);
		const left = await keys();
		const second = await pruneIdempotencyKeys(store.db, 100);

		expect([first, second]).toEqual([1, 1]);
		expect(left).toEqual(["old", "young", "new"]);
		expect(await keys()).toEqual(["young", "new"]);
		expect(
			await insertJob(store.db, aNewJob(store, { idempotencyKey: "old" })),
		).not.toBeNull();
	});
});
