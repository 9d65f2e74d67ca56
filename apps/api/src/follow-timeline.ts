import { isFinal } from "@reelay/shared/domain/job";
import type { Database } from "@reelay/shared/store/database";
import { findLastEntryId } from "@reelay/shared/store/timeline";
import type { Request, Response } from "express";
import { getJob } from "./owned.ts";
import { problemFor } from "./problem.ts";
import { lastEventIdOf } from "./stream/accept.ts";
import type { StreamRequest } from "./stream/streams.ts";
import { behindEntry, endOf } from "./stream/timeline-source.ts";

/**
 * What a stream of the job's timeline shows, and from where on. A client that has connected again by itself behind all
 * that a final job will tell gets a 204, which is what ends an EventSource.
 */
export async function followTimeline(
	db: Database,
	after: string,
	{ req, res }: { req: Request; res: Response },
): ReturnType<StreamRequest["prepare"]> {
	const resumed = lastEventIdOf(req);
	if (resumed !== undefined && !/^\d{1,18}$/.test(resumed)) throw noEntry();
	// Read before its timeline: a job that is final by now has its last entry there.
	const job = await getJob(db, req, res);
	const isOver = isFinal(job.state);
	const afterId = await entryBehind(db, job.id, resumed ?? after);
	if (isOver && resumed !== undefined) {
		if ((await findLastEntryId(db, job.id)) <= afterId) {
			res.set("Cache-Control", "no-store").status(204).end();
			return null;
		}
	}
	const isLate = resumed === undefined && after === "now";
	return {
		key: job.id,
		types: [],
		from: behindEntry(afterId),
		lastWords: isOver ? endOf(job.id, job.state) : null,
		resumeId: isLate ? String(afterId) : null,
	};
}

/** The entry that an `after` names; with `now`, the newest. */
export async function entryBehind(
	db: Database,
	jobId: string,
	after: string,
): Promise<bigint> {
	return after === "now" ? findLastEntryId(db, jobId) : BigInt(after);
}

function noEntry() {
	const message = "Last-Event-ID is the id of an entry of this timeline.";
	return problemFor("invalid_request", {
		detail: message,
		errors: [{ header: "Last-Event-ID", code: "invalid_format", message }],
	});
}
