import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { aJob, aSubmission, submissionOf } from "../testing/factories.ts";
import { aFailure, aReceivedCallback, aSuccess } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { watchDatabase } from "../testing/watch-database.ts";
import {
	callbackOutcomes,
	countDeliveries,
	reread,
} from "../testing/written.ts";
import { createSettler } from "./settle-together.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

/** A settler, and the statements that it has sent. */
function counted(onStatement: (count: number) => void = () => {}) {
	const statements: string[] = [];
	const settle = createSettler(
		watchDatabase(store.db, (sql) => {
			statements.push(sql);
			onStatement(statements.length);
		}),
	);
	return { settle, statements };
}
const webhookUrl = "https://example.com/hook";
const rendering = () => aJob(store, { state: "rendering", webhookUrl });

it("settles what comes at the same moment in one statement, each with its own end", async () => {
	const jobs = [await rendering(), await rendering(), await rendering()];
	const [first, second, third] = jobs.map(submissionOf);
	const { settle, statements } = counted();

	const settled = await Promise.all([
		settle(aSuccess(first ?? "", { callback: aReceivedCallback("one") })),
		settle(aFailure(second ?? "", { callback: aReceivedCallback("two") })),
		settle(aSuccess(third ?? "")),
		settle(aSuccess("sub_none", { callback: aReceivedCallback("four") })),
	]);

	expect(statements).toHaveLength(1);
	expect(settled.map(({ ended, job_id }) => [ended, job_id])).toEqual([
		...jobs.map(({ id }) => [true, id]),
		[false, null],
	]);
	expect(settled.map(({ job_state, deliveries }) => [job_state, deliveries])) //
		.toEqual([
			["succeeded", 1],
			["failed", 1],
			["succeeded", 1],
			[null, 0],
		]);
	expect(settled.map(({ callback_outcome }) => callback_outcome)) //
		.toEqual(["settled", "settled", null, "ignored"]);
	expect(await countDeliveries(store)).toBe(3);
	expect(await findViolations(store.db)).toEqual([]);
});

it("ends a submission once of which several reports come at once, and keeps the bytes once", async () => {
	const job = await rendering();
	const report = aSuccess(submissionOf(job), {
		callback: aReceivedCallback("succeeded"),
	});
	const { settle } = counted();

	const settled = await Promise.all(
		Array.from({ length: 6 }, () => settle(report)),
	);

	expect(settled.filter(({ ended }) => ended)).toHaveLength(1);
	expect(settled.every(({ job_id }) => job_id === job.id)).toBe(true);
	expect(await callbackOutcomes(store)).toEqual([
		{ outcome: "settled", reason: null },
	]);
	expect(await countDeliveries(store)).toBe(1);
});

it("tells both of two submissions of one job that succeed at once, one of them surplus", async () => {
	const job = await aJob(store, { state: "rendering" });
	const lapsed = await aSubmission(store, job.id, { state: "lapsed" });
	const { settle } = counted();

	const settled = await Promise.all([
		settle(aSuccess(submissionOf(job))),
		settle(aSuccess(lapsed)),
	]);

	expect(settled.map(({ settled }) => settled)).toEqual([true, true]);
	expect(settled.map(({ ended }) => ended)).toEqual([true, false]);
	expect(await reread(store, job)).toMatchObject({
		state: "succeeded",
		surplus_results: 1,
		cost_points: 240,
	});
});

it("settles each by itself where one row undoes the statement, and fails only that one", async () => {
	const jobs = [await rendering(), await rendering(), await rendering()];
	const [first = "", second = "", third = ""] = jobs.map(submissionOf);
	const { settle } = counted();

	const came = await Promise.allSettled([
		settle(aSuccess(first)),
		settle(aSuccess(second, { charged: "perhaps" as never })),
		settle(aSuccess(third)),
	]);

	expect(came.map(({ status }) => status)).toEqual([
		"fulfilled",
		"rejected",
		"fulfilled",
	]);
	const states = await Promise.all(jobs.map((job) => reread(store, job)));
	expect(states.map((job) => job?.state)).toEqual([
		"succeeded",
		"rendering",
		"succeeded",
	]);
});

it("fails all of them when the database is away, and leaves it to each to come again", async () => {
	const job = await rendering();
	const { settle, statements } = counted((count) => {
		if (count === 1) {
			throw Object.assign(new Error("terminated"), { code: "57P01" });
		}
	});

	const lost = await Promise.allSettled([
		settle(aSuccess(submissionOf(job))),
		settle(aSuccess("sub_none")),
	]);
	const again = await settle(aSuccess(submissionOf(job)));

	expect(lost.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
	expect(again.ended).toBe(true);
	expect(statements).toHaveLength(2);
});
