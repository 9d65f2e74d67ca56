import { listJobsSchema } from "@reelay/shared/contracts/job-api";
import { presentJob } from "@reelay/shared/contracts/job-view";
import { isFinal } from "@reelay/shared/domain/job";
import type { Database } from "@reelay/shared/store/database";
import { listJobs } from "@reelay/shared/store/list-jobs";
import { Router } from "express";
import { type CreateJobDeps, createJob } from "../create-job.ts";
import { openCursor } from "../cursor.ts";
import { sendTagged } from "../entity-tag.ts";
import { idempotencyKeyOf } from "../idempotency-key.ts";
import { filterOf } from "../job-filter.ts";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { requireJson } from "../middleware/require-json.ts";
import { getJob } from "../owned.ts";
import { cursorPage } from "../page.ts";
import { parseQuery } from "../parse.ts";
import { awaitEnd } from "../prefer-wait.ts";
import { previewJob } from "../preview-job.ts";
import { type SendAcceptedDeps, sendAccepted } from "../send-accepted.ts";

/** Seconds until asking again is worth while; a render takes minutes. */
const pollAfterS = "5";

export type JobRoutesDeps = CreateJobDeps &
	SendAcceptedDeps & {
		/** Where the routes that only read do so: however slow they are, they take no connection from an accept. */
		reads: Database;
		/** Where those do that may look at a long history: they take none from the short ones either. */
		reports: Database;
	};

/** The routes of /v1/jobs: create, check, list and read. */
export function jobRoutes(deps: JobRoutesDeps): Router {
	const { reads, reports } = deps;
	const router = Router();

	router.post(
		"/",
		requireScope("jobs:write"),
		requireJson,
		async (req, res) => {
			const created = await createJob(deps, {
				tenantId: ownerOf(res).tenantId,
				keyId: ownerOf(res).keyId,
				idempotencyKey: idempotencyKeyOf(req),
				body: req.body,
			});
			await sendAccepted(deps, created, { req, res });
		},
	);

	router.post(
		"/validate",
		requireScope("jobs:write"),
		requireJson,
		async (req, res) => {
			const { tenantId, keyId } = ownerOf(res);
			const { body } = req;
			res.json(await previewJob(deps, { tenantId, keyId, body }));
		},
	);

	router.get("/", requireScope("jobs:read"), async (req, res) => {
		const query = parseQuery(listJobsSchema, req.query);
		const jobs = await listJobs(reports, {
			tenantId: ownerOf(res).tenantId,
			...filterOf(query),
			afterId: openCursor("job", query.cursor),
			limit: query.limit + 1,
		});
		res.json(
			cursorPage(jobs, {
				limit: query.limit,
				present: (job) => presentJob(job),
			}),
		);
	});

	router.get("/:id", requireScope("jobs:read"), async (req, res) => {
		const found = await getJob(reads, req, res);
		const job = await awaitEnd(deps, found, { req, res });
		if (!isFinal(job.state)) res.set("Retry-After", pollAfterS);
		const view = presentJob(job, await deps.forecast.of(job));
		sendTagged(JSON.stringify(view), { req, res });
	});

	return router;
}
