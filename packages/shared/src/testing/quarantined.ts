import { callbackId } from "../domain/callback-record.ts";
import type { ReplayOrder } from "../store/callback-replay.ts";
import { findCallback, type QuarantineFilter } from "../store/callbacks.ts";
import { aJob, type JobSpec, submissionOf } from "./factories.ts";
import type { TestStore } from "./store.ts";

/** What was said, and why it was set aside: a success that an older parser did not understand, if nothing is given. */
export type QuarantinedSpec = {
	body?: unknown;
	reason?: string;
	/** Seconds since it was received. */
	ageS?: number;
};

/** What every provider's parser reads as a success of the task `task-1`. */
export const understood = {
	task_id: "task-1",
	state: "success",
	result_urls: ["https://cdn.example.com/video.mp4"],
	cost_points: 70,
};

/** A callback as an older parser has left it; its number, and the id that is shown. */
export async function setAside(
	{ db }: Pick<TestStore, "db">,
	submissionId: string,
	spec: QuarantinedSpec = {},
): Promise<{ number: bigint; id: string }> {
	const { body = understood, reason = "the state is unknown", ageS = 0 } = spec;
	const text = typeof body === "string" ? body : JSON.stringify(body);
	const rows = await db.$queryRaw<{ number: bigint }[]>`
		insert into callback (submission_id, body_sha, body, kind, outcome, reason, received_at)
		values (${submissionId}, sha256(convert_to(${text}, 'UTF8')), ${text}, 'unreadable', 'quarantined', ${reason},
			now() - make_interval(secs => ${ageS}::int))
		returning id as number`;
	const { number } = rows[0] ?? { number: 0n };
	return { number, id: callbackId(number) };
}

/** A job that renders, unless another state is given, with a callback that was set aside. */
export async function aQuarantined(
	store: TestStore,
	spec: JobSpec = {},
	callback: QuarantinedSpec = {},
): Promise<{
	number: bigint;
	id: string;
	jobId: string;
	submissionId: string;
}> {
	const job = await aJob(store, { state: "rendering", ...spec });
	const submissionId = submissionOf(job);
	const kept = await setAside(store, submissionId, callback);
	return { ...kept, jobId: job.id, submissionId };
}

/** A filter that lets all of every tenant pass. */
export const everything: QuarantineFilter = {
	tenantId: null,
	reason: null,
	since: null,
	until: null,
	isWaiting: false,
	submissionId: null,
};

/** The order to replay, in which a failure fails the test. */
export const replayOrder: ReplayOrder = {
	actor: "key_1",
	isDryRun: false,
	hosts: null,
	onFailure: (_id, error) => {
		throw error;
	},
};

/** A callback as it is now. */
export async function rereadCallback(
	{ db }: Pick<TestStore, "db">,
	id: bigint,
) {
	const found = await findCallback(db, null, id);
	if (found === null) throw new Error("there is no such callback");
	return found;
}
