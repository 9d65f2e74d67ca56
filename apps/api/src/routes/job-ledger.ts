import {
	listCallbacksSchema,
	listSubmissionsSchema,
} from "@reelay/shared/contracts/callback-api";
import { presentCallback } from "@reelay/shared/contracts/callback-view";
import { presentSubmission } from "@reelay/shared/contracts/submission-view";
import {
	callbackId,
	parseCallbackId,
} from "@reelay/shared/domain/callback-record";
import { listCallbacksOfJob } from "@reelay/shared/store/callbacks";
import type { Database } from "@reelay/shared/store/database";
import { listSubmissions } from "@reelay/shared/store/submission-log";
import { Router } from "express";
import { requireScope } from "../middleware/authenticate.ts";
import { getJob } from "../owned.ts";
import { feedPage } from "../page.ts";
import { parseQuery } from "../parse.ts";
import { withoutTokens } from "../without-tokens.ts";

/** What a job cost and why: each POST to the provider, and what the provider really said. */
export function jobLedgerRoutes({ reads }: { reads: Database }): Router {
	const router = Router();
	router.use("/:id/submissions", requireScope("jobs:read"));
	router.use("/:id/callbacks", requireScope("jobs:read"));

	router.get("/:id/submissions", async (req, res) => {
		const query = parseQuery(listSubmissionsSchema, req.query);
		const job = await getJob(reads, req, res);
		const found = await listSubmissions(reads, {
			jobId: job.id,
			afterN: Number(query.after),
			limit: query.limit + 1,
		});
		res.json(
			feedPage(found, {
				limit: query.limit,
				present: presentSubmission,
				placeOf: ({ n }) => String(n),
				after: query.after,
			}),
		);
	});

	router.get("/:id/callbacks", async (req, res) => {
		const query = parseQuery(listCallbacksSchema, req.query);
		const job = await getJob(reads, req, res);
		const after = query.after === undefined ? 0n : parseCallbackId(query.after);
		const found = await listCallbacksOfJob(reads, {
			jobId: job.id,
			afterId: after ?? 0n,
			limit: query.limit + 1,
		});
		res.json(
			feedPage(found, {
				limit: query.limit,
				present: (callback) => presentCallback(withoutTokens(callback)),
				placeOf: ({ id }) => callbackId(id),
				after: query.after ?? null,
			}),
		);
	});

	return router;
}
