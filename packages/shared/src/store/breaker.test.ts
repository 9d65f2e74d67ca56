import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { claimOne } from "../testing/claims.ts";
import { aJob } from "../testing/factories.ts";
import { anError } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import {
	closeGovernor,
	countedErrorOf,
	findGovernorStatus,
	reopenGovernor,
} from "./governor.ts";
import { rejectSubmission } from "./submissions.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const blockedForS = async () =>
	Math.round(((await findGovernorStatus(store.db))?.blocked_ms ?? 0) / 1000);
const countError = (detail: string) =>
	store.db
		.$executeRaw`with one as (select 1), ${countedErrorOf("one", detail)} select 1`;

describe("the breaker", () => {
	const fail = async (times: number) => {
		for (let n = 0; n < times; n += 1) {
			await countError(`error ${n + 1}`);
		}
	};

	it("stays shut for four errors in a row, and opens at the fifth for ten seconds", async () => {
		await fail(4);
		const before = await findGovernorStatus(store.db);
		await fail(1);

		expect(before).toMatchObject({ closed_reason: null, blocked_ms: 0 });
		expect(await findGovernorStatus(store.db)).toMatchObject({
			closed_reason: "errors",
			closed_detail: "error 1",
		});
		expect(await blockedForS()).toBe(10);
	});

	it.each([
		[6, 20],
		[7, 40],
		[9, 160],
		[10, 300],
		[40, 300],
	])(
		"waits longer with each error: after %i for %i s",
		async (times, waitS) => {
			await fail(times);

			expect(await blockedForS()).toBe(waitS);
		},
	);

	it("counts every error of several that come at once", async () => {
		await Promise.all([1, 2, 3, 4, 5].map(() => fail(1)));

		expect((await findGovernorStatus(store.db))?.closed_reason).toBe("errors");
	});

	it("starts counting anew after an answer that was none, and says whether there was anything to open", async () => {
		await fail(4);
		const opened = await reopenGovernor(store.db);
		const again = await reopenGovernor(store.db);
		await fail(4);

		expect([opened, again]).toEqual([true, false]);
		expect((await findGovernorStatus(store.db))?.closed_reason).toBeNull();
	});

	it("marks every claim as a probe as soon as one error was counted, so that the next answer may clear it", async () => {
		await aJob(store);
		await aJob(store);
		const before = await claimOne(store.db, "w");
		await fail(1);
		const after = await claimOne(store.db, "w");

		expect([before?.is_probe, after?.is_probe]).toEqual([false, true]);
	});

	it("lets one canary through when its wait is over, and opens with it", async () => {
		await aJob(store);
		await aJob(store);
		await fail(5);
		const shut = await claimOne(store.db, "w");
		await store.db.$executeRaw`update governor set probe_at = now()`;

		const canary = await claimOne(store.db, "w");
		const behind = await claimOne(store.db, "w");
		await reopenGovernor(store.db);
		const opened = await claimOne(store.db, "w");

		expect([shut, behind]).toEqual([null, null]);
		expect(canary?.is_probe).toBe(true);
		expect(opened).not.toBeNull();
	});

	it("leaves a closing for funds what it is, and a longer wait as long as it is", async () => {
		await closeGovernor(store.db, {
			reason: "funds",
			detail: "the balance is empty",
			probeS: 600,
		});

		await fail(5);

		expect(await findGovernorStatus(store.db)).toMatchObject({
			closed_reason: "funds",
			closed_detail: "the balance is empty",
		});
		expect(await blockedForS()).toBe(600);
	});

	it("takes for canaries the jobs that were tried least, so that no job is every canary", async () => {
		const jobs = [await aJob(store), await aJob(store), await aJob(store)];
		await fail(5);
		const canaries: (string | undefined)[] = [];
		for (const _ of jobs) {
			await store.db.$executeRaw`update governor set probe_at = now()`;
			const canary = await claimOne(store.db, "w");
			canaries.push(canary?.job_id);
			await rejectSubmission(store.db, {
				submissionId: canary?.id ?? "",
				httpStatus: 500,
				reason: "error",
				delayMs: 0,
				returnsBudget: false,
				isProviderError: true,
				exhausted: anError(),
			});
		}

		expect(canaries.sort()).toEqual(jobs.map(({ id }) => id).sort());
	});
});
