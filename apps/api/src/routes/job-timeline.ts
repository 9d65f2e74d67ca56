import { listTimelineSchema } from "@reelay/shared/contracts/job-api";
import type { Database } from "@reelay/shared/store/database";
import { listTimeline } from "@reelay/shared/store/timeline";
import { Router } from "express";
import { entryBehind, followTimeline } from "../follow-timeline.ts";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { getJob } from "../owned.ts";
import { feedPage } from "../page.ts";
import { parseQuery } from "../parse.ts";
import { wantsStream } from "../stream/accept.ts";
import type { Streams } from "../stream/streams.ts";
import { presentEntry } from "../timeline-view.ts";

export type JobTimelineRoutesDeps = { reads: Database; streams: Streams };

/** The timeline of a job, as pages and as a stream. */
export function jobTimelineRoutes({
	reads,
	streams,
}: JobTimelineRoutesDeps): Router {
	const router = Router();

	router.get("/:id/events", requireScope("jobs:read"), async (req, res) => {
		res.vary("Accept");
		const query = parseQuery(listTimelineSchema, req.query);
		if (wantsStream(req)) {
			await streams.open(res, {
				kind: "timeline",
				owner: ownerOf(res),
				prepare: () => followTimeline(reads, query.after, { req, res }),
			});
			return;
		}
		const job = await getJob(reads, req, res);
		const afterId = await entryBehind(reads, job.id, query.after);
		const entries = await listTimeline(reads, {
			jobId: job.id,
			afterId,
			limit: query.limit + 1,
		});
		res.json(
			feedPage(entries, {
				limit: query.limit,
				present: presentEntry,
				placeOf: ({ id }) => String(id),
				after: String(afterId),
			}),
		);
	});

	return router;
}
