import {
	idempotencyKeySchema,
	listJobsSchema,
	listTimelineSchema,
	resolveJobSchema,
} from "@reelay/shared/contracts/job-api";
import { presentJob } from "@reelay/shared/contracts/job-view";
import { isFinal } from "@reelay/shared/domain/job";
import type { JobRecord } from "@reelay/shared/domain/job-record";
import { decideWaitingFor } from "@reelay/shared/domain/waiting";
import type { Database } from "@reelay/shared/store/database";
import { findGovernorStatus } from "@reelay/shared/store/governor";
import { listJobs } from "@reelay/shared/store/jobs";
import { listTimeline } from "@reelay/shared/store/timeline";
import { type Request, Router } from "express";
import { cancelJob } from "../cancel-job.ts";
import { type CreateJobDeps, createJob } from "../create-job.ts";
import { openCursor, sealCursor } from "../cursor.ts";
import { entryBehind, followTimeline } from "../follow-timeline.ts";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { requireJson } from "../middleware/require-json.ts";
import { getJob, pathId } from "../owned.ts";
import { parseBody, parseQuery } from "../parse.ts";
import { problemFor } from "../problem.ts";
import { resolveJob } from "../resolve-job.ts";
import { wantsStream } from "../stream/accept.ts";
import type { Streams } from "../stream/streams.ts";
import { presentEntry } from "../timeline-view.ts";

/** Seconds until asking again is worth while; a render takes minutes. */
const pollAfterS = "5";

export type JobRoutesDeps = CreateJobDeps & {
	/** Where the routes that only read do so: however slow they are, they take no connection from an accept. */
	reads: Database;
	streams: Streams;
};

/** The routes of /v1/jobs: create, list, read, timeline and cancel. */
export function jobRoutes(deps: JobRoutesDeps): Router {
	const { reads, streams } = deps;
	const router = Router();

	router.post(
		"/",
		requireScope("jobs:write"),
		requireJson,
		async (req, res) => {
			const { job, wasReplayed } = await createJob(deps, {
				tenantId: ownerOf(res).tenantId,
				idempotencyKey: idempotencyKey(req),
				body: req.body,
			});
			if (wasReplayed) res.set("Idempotency-Replayed", "true");
			res.status(202).location(`/v1/jobs/${job.id}`);
			res.json(presentJob(job));
		},
	);

	router.get("/", requireScope("jobs:read"), async (req, res) => {
		const query = parseQuery(listJobsSchema, req.query);
		const jobs = await listJobs(reads, {
			tenantId: ownerOf(res).tenantId,
			states: query.state,
			afterId:
				query.cursor === undefined ? null : openCursor("job", query.cursor),
			limit: query.limit + 1,
		});
		const page = jobs.slice(0, query.limit);
		const last = page.at(-1);
		const hasMore = jobs.length > query.limit && last !== undefined;
		res.json({
			data: page.map((job) => presentJob(job)),
			has_more: hasMore,
			next_cursor: hasMore ? sealCursor(last.id) : null,
		});
	});

	router.get("/:id", requireScope("jobs:read"), async (req, res) => {
		const job = await getJob(reads, req, res);
		if (!isFinal(job.state)) res.set("Retry-After", pollAfterS);
		res.json(await viewWithWaiting(reads, job));
	});

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
		const page = entries.slice(0, query.limit);
		res.json({
			data: page.map(presentEntry),
			has_more: entries.length > query.limit,
			next_after: String(page.at(-1)?.id ?? afterId),
		});
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

/** A queued job says what it waits for; every other state speaks for itself. */
async function viewWithWaiting(db: Database, job: JobRecord) {
	if (job.state !== "queued") return presentJob(job);
	const governor = await findGovernorStatus(db);
	return presentJob(job, decideWaitingFor(job, governor, new Date()));
}

function idempotencyKey(req: Request): string | null {
	const header = req.get("idempotency-key");
	if (header === undefined) return null;
	const key = idempotencyKeySchema.safeParse(header);
	if (key.success) return key.data;
	const message =
		"The Idempotency-Key must be 1 to 255 printable ASCII characters.";
	throw problemFor("invalid_request", {
		detail: message,
		errors: [{ header: "Idempotency-Key", code: "invalid_format", message }],
	});
}
