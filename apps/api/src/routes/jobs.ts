import {
	listJobsSchema,
	listTimelineSchema,
	resolveJobSchema,
	retryJobSchema,
} from "@reelay/shared/contracts/job-api";
import { presentJob } from "@reelay/shared/contracts/job-view";
import { isFinal } from "@reelay/shared/domain/job";
import type { JobRecord } from "@reelay/shared/domain/job-record";
import type { Database } from "@reelay/shared/store/database";
import { listJobs } from "@reelay/shared/store/list-jobs";
import { listTimeline } from "@reelay/shared/store/timeline";
import { type Request, type Response, Router } from "express";
import { cancelJob } from "../cancel-job.ts";
import { type CreateJobDeps, createJob } from "../create-job.ts";
import { openCursor } from "../cursor.ts";
import { sendTagged } from "../entity-tag.ts";
import { eraseJob } from "../erase-job.ts";
import { entryBehind, followTimeline } from "../follow-timeline.ts";
import { idempotencyKeyOf } from "../idempotency-key.ts";
import { filterOf } from "../job-filter.ts";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { allowJson, requireJson } from "../middleware/require-json.ts";
import type { Forecast } from "../outlook.ts";
import { getJob, pathId } from "../owned.ts";
import { cursorPage, feedPage } from "../page.ts";
import { parseBody, parseQuery } from "../parse.ts";
import { awaitEnd } from "../prefer-wait.ts";
import { previewJob } from "../preview-job.ts";
import { resolveJob } from "../resolve-job.ts";
import { retryJob } from "../retry-job.ts";
import { wantsStream } from "../stream/accept.ts";
import type { Streams } from "../stream/streams.ts";
import { presentEntry } from "../timeline-view.ts";

/** Seconds until asking again is worth while; a render takes minutes. */
const pollAfterS = "5";

export type JobRoutesDeps = CreateJobDeps & {
	/** Where the routes that only read do so: however slow they are, they take no connection from an accept. */
	reads: Database;
	streams: Streams;
	forecast: Forecast;
};

/** The routes of /v1/jobs: create, check, list, read, timeline, cancel, retry, erase and resolve. */
export function jobRoutes(deps: JobRoutesDeps): Router {
	const { reads, streams } = deps;
	const router = Router();
	const sendAccepted = async (
		{ job, wasReplayed }: { job: JobRecord; wasReplayed: boolean },
		{ req, res }: { req: Request; res: Response },
	) => {
		if (wasReplayed) res.set("Idempotency-Replayed", "true");
		res.status(202).location(`/v1/jobs/${job.id}`);
		// Whatever becomes of the waiting: the job is accepted, and that is what is to be told.
		const now = await awaitEnd(deps, job, { req, res }).catch(() => job);
		res.json(presentJob(now, deps.forecast.ofNew(now)));
	};

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
			await sendAccepted(created, { req, res });
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
		const jobs = await listJobs(reads, {
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

	router.delete("/:id", requireScope("jobs:write"), async (req, res) => {
		const { tenantId, id: jobId } = pathId("job", req, res);
		const actor = ownerOf(res).keyId;
		res.json(presentJob(await eraseJob(deps.db, { tenantId, actor, jobId })));
	});

	router.post(
		"/:id/retry",
		requireScope("jobs:write"),
		allowJson,
		async (req, res) => {
			const body = parseBody(retryJobSchema, req.body ?? {});
			const { id: jobId } = pathId("job", req, res);
			const created = await retryJob(deps, { ...ownerOf(res), jobId, body });
			await sendAccepted(created, { req, res });
		},
	);

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

	router.post("/:id/cancel", requireScope("jobs:write"), async (req, res) => {
		const { job, effect, message } = await cancelJob(deps, {
			tenantId: ownerOf(res).tenantId,
			id: String(req.params.id),
		});
		res.json({ ...presentJob(job), cancel: { effect, message } });
	});

	router.post(
		"/:id/resolve",
		requireScope("admin"),
		requireJson,
		async (req, res) => {
			const { tenantId, keyId } = ownerOf(res);
			const job = await resolveJob(deps, {
				tenantId,
				actor: keyId,
				jobId: pathId("job", req, res).id,
				body: parseBody(resolveJobSchema, req.body),
			});
			res.json(presentJob(job));
		},
	);

	return router;
}
