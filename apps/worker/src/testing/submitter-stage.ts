import { systemClock } from "@reelay/shared/runtime/clock";
import type { Claim, ClaimedSubmission } from "@reelay/shared/store/claim";
import type { GovernorStatus } from "@reelay/shared/store/governor";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { vi } from "vitest";
import type { Recorded } from "../submit/record-outcome.ts";
import { createSubmitter, type SubmitterDeps } from "../submit/submitter.ts";

const aSubmission = (n: number) => ({ id: `sub_${n}`, n }) as ClaimedSubmission;
/** A submission that the provider took. */
export const recorded: Recorded = {
	won: true,
	jobState: "rendering",
	deliveries: 0,
};
/** A governor that would grant. */
export const nothingForbids: GovernorStatus = {
	closed_reason: null,
	closed_detail: null,
	blocked_ms: 0,
	grant_in_ms: 0,
	free_slots: 10,
	slots: 10,
};
/** What every claim says. */
export const oldestReady = new Date("2026-01-02T03:04:05Z");
/** Lets every promise that can settle do so. */
export const settle = () => vi.advanceTimersByTimeAsync(0);

/** A submitter over a queue of so many jobs, whose submissions end when the test says so. */
export function setStage(jobs: number, overrides: Partial<SubmitterDeps> = {}) {
	const log = createMemoryLog();
	const open = new Map<string, (end: Recorded | Error) => void>();
	const stage = {
		jobs,
		log,
		open,
		claims: 0,
		/** Jobs that claims see and do not give. */
		heldBack: 0,
		bounds: [] as (Date | null)[],
		counts: [] as number[],
		most: 0,
		claimTakesMs: 0,
		status: { ...nothingForbids },
		emptyBecause: "no_job" as NonNullable<Claim["emptyBecause"]>,
		ended: [] as Recorded[],
		givenUp: [] as string[],
		end(id: string, end: Recorded | Error = recorded) {
			open.get(id)?.(end);
			open.delete(id);
		},
	};
	const submitter = createSubmitter({
		async claim(count, since) {
			stage.claims += 1;
			stage.bounds.push(since);
			stage.counts.push(count);
			if (stage.claimTakesMs > 0) {
				await new Promise((resolve) => setTimeout(resolve, stage.claimTakesMs));
			}
			const submissions = [];
			for (; stage.jobs > 0 && submissions.length < count; stage.jobs -= 1) {
				submissions.push(aSubmission(jobs - stage.jobs + 1));
			}
			const emptyBecause = submissions.length > 0 ? null : stage.emptyBecause;
			const mayBeMore =
				stage.jobs + stage.heldBack > 0 ||
				emptyBecause === "no_grant" ||
				emptyBecause === "others";
			return { submissions, oldestReady, mayBeMore, emptyBecause };
		},
		governorStatus: async () => stage.status,
		submit: ({ id }) =>
			new Promise((resolve, reject) => {
				open.set(id, (end) =>
					end instanceof Error ? reject(end) : resolve(end),
				);
				stage.most = Math.max(stage.most, open.size);
			}),
		giveUp: async ({ id }) => stage.givenUp.push(id),
		onRecorded: (one) => void stage.ended.push(one),
		clock: systemClock,
		logger: log.logger,
		maxInFlight: 3,
		...overrides,
	});
	return Object.assign(stage, { submitter });
}
