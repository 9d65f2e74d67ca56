import {
	createBatchSchema,
	listBatchesSchema,
} from "@reelay/shared/contracts/batch-api";
import { presentBatch } from "@reelay/shared/contracts/batch-view";
import { listBatches } from "@reelay/shared/store/batches";
import type { Database } from "@reelay/shared/store/database";
import { Router } from "express";
import { cancelBatch } from "../cancel-batch.ts";
import { createBatch } from "../create-batch.ts";
import type { CreateJobDeps } from "../create-job.ts";
import { openCursor } from "../cursor.ts";
import { idempotencyKeyOf } from "../idempotency-key.ts";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { requireBatchJson } from "../middleware/require-json.ts";
import { getBatch } from "../owned.ts";
import { cursorPage } from "../page.ts";
import { parseBody, parseQuery } from "../parse.ts";

export type BatchRoutesDeps = CreateJobDeps & {
	reads: Database;
	reports: Database;
};

/** The routes of /v1/batches: create, list, read and cancel. */
export function batchRoutes(deps: BatchRoutesDeps): Router {
	const { reads } = deps;
	const router = Router();

	router.post(
		"/",
		requireScope("jobs:write"),
		requireBatchJson,
		async (req, res) => {
			const { batch, items, wasReplayed } = await createBatch(deps, {
				...ownerOf(res),
				idempotencyKey: idempotencyKeyOf(req),
				body: parseBody(createBatchSchema, req.body),
			});
			if (wasReplayed) res.set("Idempotency-Replayed", "true");
			res.status(202).location(`/v1/batches/${batch.id}`);
			res.json({ ...presentBatch(batch), items });
		},
	);

	router.get("/", requireScope("jobs:read"), async (req, res) => {
		const query = parseQuery(listBatchesSchema, req.query);
		const found = await listBatches(deps.reports, {
			tenantId: ownerOf(res).tenantId,
			afterId: openCursor("batch", query.cursor),
			limit: query.limit + 1,
		});
		res.json(cursorPage(found, { limit: query.limit, present: presentBatch }));
	});

	router.get("/:id", requireScope("jobs:read"), async (req, res) => {
		res.json(presentBatch(await getBatch(reads, req, res)));
	});

	router.post("/:id/cancel", requireScope("jobs:write"), async (req, res) => {
		const batch = await getBatch(deps.db, req, res);
		const cancel = await cancelBatch(deps, batch);
		const after = await getBatch(deps.db, req, res);
		res.json({ ...presentBatch(after), cancel });
	});

	return router;
}
