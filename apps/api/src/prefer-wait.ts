import { isFinal } from "@reelay/shared/domain/job";
import type { JobRecord } from "@reelay/shared/domain/job-record";
import type { Database } from "@reelay/shared/store/database";
import { findJob } from "@reelay/shared/store/jobs";
import { findLastEntryId } from "@reelay/shared/store/timeline";
import type { Request, Response } from "express";
import { ownerOf } from "./middleware/authenticate.ts";
import type { Streams } from "./stream/streams.ts";

const longestS = 60;

/** How many seconds the header `Prefer: wait=n` (RFC 7240) asks to wait; 0 when it does not, or not in a way that is known. */
export function preferredWaitS(req: Request): number {
	const preferences = (req.get("prefer") ?? "").split(",");
	const waits = preferences.map(
		(one) => /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(;|$)/i.exec(one)?.[1],
	);
	const seconds = Number(waits.find((found) => found !== undefined) ?? 0);
	return Math.min(seconds, longestS);
}

/**
 * The job as it is when it has ended, or when the time that the request would wait is over. A preference is no demand: where
 * as many wait as may, or the process stops, the answer comes at once, and does not say that it was heard.
 */
export async function awaitEnd(
	{ reads, streams }: { reads: Database; streams: Streams },
	job: JobRecord,
	{ req, res }: { req: Request; res: Response },
): Promise<JobRecord> {
	const waitS = preferredWaitS(req);
	if (waitS === 0 || isFinal(job.state)) return job;
	const owner = ownerOf(res);
	// Read before the job is looked at again: an end that is not seen then is behind this place.
	const entryId = await findLastEntryId(reads, job.id);
	const now = await findJob(reads, owner.tenantId, job.id);
	if (now === null || isFinal(now.state)) return now ?? job;
	const wasHeard = await streams.untilEnd(res, {
		tenantId: owner.tenantId,
		jobId: job.id,
		entryId,
		waitMs: waitS * 1000,
	});
	if (!wasHeard) return now;
	res.set("Preference-Applied", `wait=${waitS}`);
	return (await findJob(reads, owner.tenantId, job.id)) ?? now;
}
