import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callbackOutcomes } from "../domain/callback-record.ts";
import { charges, jobStates, liveJobStates } from "../domain/job.ts";
import {
	liveSubmissionStates,
	submissionStates,
} from "../domain/submission.ts";
import {
	jobTransitions,
	submissionTransitions,
} from "../domain/transitions.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

async function statesIn(constraint: string): Promise<string[]> {
	const rows = await store.db.$queryRaw<{ definition: string }[]>`
		select pg_get_constraintdef(oid) as definition from pg_constraint where conname = ${constraint}`;
	return [...(rows[0]?.definition ?? "").matchAll(/'([a-z_]+)'::text/g)].map(
		([, state]) => state ?? "",
	);
}

describe("the words of the code and of the CHECKs", () => {
	it.each([
		["job_state_known", jobStates],
		["job_live_state", liveJobStates],
		["job_charged_known", charges],
		["submission_state_known", submissionStates],
		["submission_live_state", liveSubmissionStates],
		["submission_charged_known", charges],
		["callback_outcome_known", callbackOutcomes],
	] as const)("are the same in %s", async (constraint, states) => {
		expect(new Set(await statesIn(constraint))).toEqual(new Set(states));
	});

	it("are the only ones that a transition names", async () => {
		const named = (
			table: Record<string, { from: readonly string[]; to: readonly string[] }>,
		) =>
			new Set(Object.values(table).flatMap(({ from, to }) => [...from, ...to]));

		expect(named(jobTransitions)).toEqual(
			new Set(await statesIn("job_state_known")),
		);
		expect(named(submissionTransitions)).toEqual(
			new Set(await statesIn("submission_state_known")),
		);
	});
});
