import type { RacepointName } from "@reelay/shared/runtime/racepoint";
import { eventually } from "@reelay/shared/testing/eventually";
import { expect } from "vitest";
import type { AppName } from "../entries.ts";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import type { Bell } from "../journeys/stage.ts";
import { type FaultStage, openFaultStage } from "./stage.ts";

/** How long a process may take to do what a test waits for, on a machine that does other things too. */
export const patience = { timeoutMs: 60_000, everyMs: 100 };

/** A provider that answers at once, so that the callback alone ends the job, and that calls back until it is heard. */
export const callbackOnly = {
	answer: "immediate",
	render_ms: 200,
	callback: { max_attempts: 20, retry_delay_ms: 300 },
} as const;

/** A fault stage with what the tests of dying processes ask it. */
export type CrashStage = FaultStage & {
	/** Arms the place, does what brings a process there, and returns once one has died of it. */
	dieAt<Result>(
		place: RacepointName,
		cause: () => Promise<Result>,
	): Promise<{ result: Result; diedAt: number }>;
	/** The submissions of a job, oldest first, as rows. */
	submissions(jobId: string): Promise<JsonAnswer[]>;
	/** What the provider saw of a job: its POSTs, and its callbacks with their answers. */
	seenByProvider(
		jobId: string,
	): Promise<{ posts: JsonAnswer[]; callbacks: JsonAnswer[] }>;
	/** Waits until the job is in the state. */
	reach(jobId: string, state: string): Promise<void>;
	/** The lease of the job's submission is over, as it is a minute after its worker's death. */
	endLease(jobId: string): Promise<void>;
	/** What the job's submission waits for is due: first its result, then the end of the grace. */
	endWait(jobId: string): Promise<void>;
	/** Stops the process as a debugger would, so that what is sent to it waits; runs it again in any case. */
	whileFrozen(app: AppName, work: () => Promise<void>): Promise<void>;
};

/** Opens a stage whose listed apps can die at racepoints. Null where the bell is missing. */
export async function openCrashStage(
	bell: Bell,
	mortal: AppName[],
): Promise<CrashStage | null> {
	const stage = await openFaultStage(bell, { mortal });
	if (stage === null) return null;
	const { sql } = stage;
	const submissions = (jobId: string) =>
		sql("select * from submission where job_id = $1 order by n", [jobId]);
	return {
		...stage,
		submissions,
		async dieAt(place, cause) {
			stage.arm(place);
			const result = await cause();
			await eventually(() => expect(stage.hasFired()).toBe(true), patience);
			return { result, diedAt: Date.now() };
		},
		async seenByProvider(jobId) {
			const ids = (await submissions(jobId)).map(({ id }) => id);
			const ledger = await stage.simulator("/ledger?limit=100000");
			const isOfJob = (url: string | null) =>
				ids.some((id) => url?.includes(id));
			return {
				posts: ledger.posts.filter((post: JsonAnswer) =>
					isOfJob(post.callback_url),
				),
				callbacks: ledger.callbacks.filter((callback: JsonAnswer) =>
					isOfJob(callback.url),
				),
			};
		},
		async reach(jobId, state) {
			await eventually(
				async () => expect((await stage.job(jobId)).state).toBe(state),
				patience,
			);
		},
		async endLease(jobId) {
			await sql(
				"update submission set lease_until = now() - interval '1 s' where job_id = $1 and lease_until is not null",
				[jobId],
			);
		},
		async endWait(jobId) {
			await sql(
				"update submission set callback_due_at = now() - interval '1 s' where job_id = $1 and live",
				[jobId],
			);
		},
		async whileFrozen(app, work) {
			const pid = stage.stack.processes.get(app)?.pid ?? 0;
			process.kill(pid, "SIGSTOP");
			try {
				await work();
			} finally {
				process.kill(pid, "SIGCONT");
			}
		},
	};
}
