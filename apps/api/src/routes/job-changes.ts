import {
	resolveJobSchema,
	retryJobSchema,
} from "@reelay/shared/contracts/job-api";
import { presentJob } from "@reelay/shared/contracts/job-view";
import { Router } from "express";
import { cancelJob } from "../cancel-job.ts";
import type { CreateJobDeps } from "../create-job.ts";
import { eraseJob } from "../erase-job.ts";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { allowJson, requireJson } from "../middleware/require-json.ts";
import { pathId } from "../owned.ts";
import { parseBody } from "../parse.ts";
import { resolveJob } from "../resolve-job.ts";
import { retryJob } from "../retry-job.ts";
import { type SendAcceptedDeps, sendAccepted } from "../send-accepted.ts";

export type JobChangeRoutesDeps = CreateJobDeps & SendAcceptedDeps;

/** What is done to a job that is there: erase, retry, cancel and resolve it. */
export function jobChangeRoutes(deps: JobChangeRoutesDeps): Router {
	const router = Router();

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
			await sendAccepted(deps, created, { req, res });
		},
	);

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
