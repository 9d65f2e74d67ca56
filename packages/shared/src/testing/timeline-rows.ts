import type { JobState } from "../domain/job.ts";
import type { SubmissionState } from "../domain/submission.ts";
import type { TestStore } from "./store.ts";

/** The lines that the timeline of a job has in this state, with the last submission in this one. */
export async function insertTimeline(
	store: TestStore,
	rows: {
		id: string;
		state: JobState;
		submission: SubmissionState | null;
		submissionId: string | null;
	},
): Promise<void> {
	const { id, state, submission, submissionId } = rows;
	const sent = submission === null ? [] : ["submitting"];
	const last = {
		queued: submission === null ? [] : ["requeued"],
		submitting: [],
		rendering: ["rendering"],
		unknown: ["unknown"],
		overdue: [submission === "unknown" ? "unknown" : "rendering", "overdue"],
		succeeded: ["rendering", "succeeded"],
		failed: ["failed"],
		cancelled: ["cancelled"],
		expired: submission === null ? ["expired"] : ["requeued", "expired"],
	}[state];
	await store.db.$executeRaw`
		insert into timeline (job_id, type, data)
		select ${id}, type, case when ${submissionId}::text is null or type = 'accepted' then '{}'
			else jsonb_build_object('submission', ${submissionId}::text) end
		from unnest(${["accepted", ...sent, ...last]}::text[]) with ordinality as told(type, place) order by place`;
}
