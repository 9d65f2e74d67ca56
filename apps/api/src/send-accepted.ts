import { presentJob } from "@reelay/shared/contracts/job-view";
import type { JobRecord } from "@reelay/shared/domain/job-record";
import type { Database } from "@reelay/shared/store/database";
import type { Request, Response } from "express";
import type { Forecast } from "./outlook.ts";
import { awaitEnd } from "./prefer-wait.ts";
import type { Streams } from "./stream/streams.ts";

export type SendAcceptedDeps = {
	reads: Database;
	streams: Streams;
	forecast: Forecast;
};

/** Answers 202 with a job that was accepted, now or by an earlier request, after the wait that its client prefers. */
export async function sendAccepted(
	deps: SendAcceptedDeps,
	{ job, wasReplayed }: { job: JobRecord; wasReplayed: boolean },
	{ req, res }: { req: Request; res: Response },
): Promise<void> {
	if (wasReplayed) res.set("Idempotency-Replayed", "true");
	res.status(202).location(`/v1/jobs/${job.id}`);
	// Whatever becomes of the waiting: the job is accepted, and that is what is to be told.
	const now = await awaitEnd(deps, job, { req, res }).catch(() => job);
	res.json(presentJob(now, deps.forecast.ofNew(now)));
}
