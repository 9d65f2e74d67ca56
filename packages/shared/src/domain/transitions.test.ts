import { describe, expect, it } from "vitest";
import { isFinal, type JobState, jobStates, liveJobStates } from "./job.ts";
import {
	liveSubmissionStates,
	type SubmissionState,
	submissionStates,
} from "./submission.ts";
import {
	isJobMove,
	isSubmissionMove,
	type JobVerb,
	jobTransitions,
	type SubmissionVerb,
	submissionTransitions,
} from "./transitions.ts";

// Written out a second time, cell by cell: a change of the machine must be made twice, on purpose.
const jobCells: Record<JobState, JobVerb[]> = {
	queued: ["claim", "succeed", "cancel", "expire"],
	submitting: ["requeue", "accept", "doubt", "succeed", "fail"],
	rendering: ["fallOverdue", "succeed", "fail"],
	unknown: ["accept", "resubmit", "fallOverdue", "succeed", "fail"],
	overdue: ["resubmit", "succeed", "fail"],
	succeeded: [],
	failed: [],
	cancelled: [],
	expired: [],
};
const submissionCells: Record<SubmissionState, SubmissionVerb[]> = {
	intent: ["accept", "doubt", "reject", "succeed", "fail"],
	accepted: ["succeed", "fail", "lapse"],
	unknown: ["accept", "succeed", "fail", "lapse"],
	succeeded: [],
	failed: ["succeed"],
	rejected: ["succeed"],
	lapsed: ["succeed"],
};
const jobVerbs = Object.keys(jobTransitions) as JobVerb[];
const submissionVerbs = Object.keys(submissionTransitions) as SubmissionVerb[];

describe("a job", () => {
	it.each(
		jobStates.flatMap((state) =>
			jobVerbs.map((verb) => [state, verb] as const),
		),
	)(
		"that is %s moves by %s exactly where the machine says so",
		(state, verb) => {
			expect(isJobMove(verb, state)).toBe(jobCells[state].includes(verb));
		},
	);

	it("never leaves a final state, by any verb", () => {
		const left = jobVerbs.flatMap((verb) =>
			jobTransitions[verb].from.filter((state) => isFinal(state)),
		);

		expect(left).toEqual([]);
	});

	it("reaches every state but the first, and can always end", () => {
		const reached = new Set<string>(
			jobVerbs.flatMap((verb) => jobTransitions[verb].to),
		);
		const endless = liveJobStates.filter(
			(state) =>
				!jobVerbs.some(
					(verb) =>
						isJobMove(verb, state) && jobTransitions[verb].to.some(isFinal),
				),
		);

		expect(new Set([...reached, "queued"])).toEqual(new Set(jobStates));
		expect(endless).toEqual([]);
	});

	it("goes back to the queue by itself only while nothing can have been taken", () => {
		const back = jobVerbs.filter((verb) =>
			(jobTransitions[verb].to as readonly JobState[]).includes("queued"),
		);

		expect(back).toEqual(["requeue", "resubmit"]);
		expect(jobTransitions.requeue.from).toEqual(["submitting"]);
		// Only by the job's policy or an operator's word, which take the doubt into account.
		expect(jobTransitions.resubmit.from).toEqual(["unknown", "overdue"]);
	});

	it("may be ended by a success in every live state, because it was paid for", () => {
		expect(new Set(jobTransitions.succeed.from)).toEqual(
			new Set(liveJobStates),
		);
	});
});

describe("a submission", () => {
	it.each(
		submissionStates.flatMap((state) =>
			submissionVerbs.map((verb) => [state, verb] as const),
		),
	)(
		"that is %s moves by %s exactly where the machine says so",
		(state, verb) => {
			expect(isSubmissionMove(verb, state)).toBe(
				submissionCells[state].includes(verb),
			);
		},
	);

	it("never lives again once it has ended", () => {
		const live: readonly SubmissionState[] = liveSubmissionStates;
		const revived = submissionVerbs.filter(
			(verb) =>
				submissionTransitions[verb].from.some(
					(state) => !live.includes(state),
				) &&
				submissionTransitions[verb].to.some((state) => live.includes(state)),
		);

		expect(revived).toEqual([]);
	});

	it("leaves every state but one for a success, because it was paid for", () => {
		const others = submissionStates.filter((state) => state !== "succeeded");

		expect(new Set(submissionTransitions.succeed.from)).toEqual(
			new Set(others),
		);
	});
});
