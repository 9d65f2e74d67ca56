/**
 * Random histories of one job, against the statements and against a model of them that knows no SQL. After every step both
 * must show the same job, and after every history the auditor must find nothing. A worker's crash is a claim of which
 * nothing is heard. On failure the shortest history and the seed that repeats it are printed.
 */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { unknownPolicies } from "../domain/job.ts";
import { findViolations } from "../testing/audit.ts";
import {
	openScene,
	readModel,
	readScene,
	reportSteps,
	type Step,
	allSteps as steps,
} from "../testing/model-stage.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const names = Object.keys(steps);

// Drawn more often than the rest, for without them little can happen.
const frequent = ["claim", "claim", "claim", "resultIsDue", "lostAnswer"];

const history = fc.record({
	policy: fc.constantFrom(...unknownPolicies),
	maxSubmissions: fc.integer({ min: 1, max: 3 }),
	moves: fc.array(
		fc.record({
			name: fc.constantFrom(...names, ...frequent),
			// Counted from the latest, so that the live submission is meant most of the time.
			back: fc.constantFrom(0, 0, 0, 1, 2),
		}),
		{ minLength: 8, maxLength: 20, size: "max" },
	),
});

// What chance seldom finds: a job that its policy, and then an operator, would send again once too often.
const doubted = ["lostAnswer", "resultIsDue", "policies"];
const rare = ["resubmit_once", "fail"].map((policy) => ({
	policy: policy as "resubmit_once" | "fail",
	maxSubmissions: 3,
	moves: [
		...doubted,
		"claim",
		...doubted,
		"overdue",
		"resolveResubmit",
		"claim",
		...doubted,
		"resolveResubmit",
		"succeeded",
	].map((name) => ({ name, back: 0 as const })),
}));

describe("every history of a job", () => {
	it("goes as the model says, step by step, and breaks no invariant", async () => {
		const seen = new Set<string>();

		await fc.assert(
			fc.asyncProperty(history, async ({ moves, ...job }) => {
				await clearTestStore(store);
				const { scene, expected } = await openScene(store, job);
				for (const { name, back } of [{ name: "claim", back: 0 }, ...moves]) {
					const step = steps[name] as Step;
					const index = Math.max(0, expected.submissions.length - 1 - back);
					const submission = expected.submissions[index];
					await step.run(scene, index);
					// A report of a submission that there is not yet changes nothing.
					if (submission !== undefined || !(name in reportSteps)) {
						step.expect(expected, submission as NonNullable<typeof submission>);
					}
					seen.add(expected.state);
					expect(await readScene(scene), name).toEqual(readModel(expected));
				}
				expect(await findViolations(store.db)).toEqual([]);
			}),
			{
				numRuns: 50,
				interruptAfterTimeLimit: 15_000,
				examples: rare.map((one): [typeof one] => [one]),
			},
		);

		expect(seen.size).toBeGreaterThan(4);
	}, 60_000);
});
