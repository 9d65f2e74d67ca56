import { presentAuditEntry } from "@reelay/shared/contracts/audit-view";
import { listAuditSchema } from "@reelay/shared/contracts/key-api";
import { listAudit } from "@reelay/shared/store/audit-log";
import type { Database } from "@reelay/shared/store/database";
import { Router } from "express";
import { openCountedCursor } from "../cursor.ts";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { cursorPage } from "../page.ts";
import { parseQuery } from "../parse.ts";

/** The route of /v1/audit: what was done by hand in one's own tenant, and by whom. */
export function auditRoutes({ reports }: { reports: Database }): Router {
	const router = Router();
	router.get("/", requireScope("admin"), async (req, res) => {
		const query = parseQuery(listAuditSchema, req.query);
		const found = await listAudit(reports, {
			tenantId: ownerOf(res).tenantId,
			actor: query.actor ?? null,
			action: query.action ?? null,
			target: query.target ?? null,
			since: toDate(query.since),
			until: toDate(query.until),
			beforeId: openCountedCursor(query.cursor),
			limit: query.limit + 1,
		});
		res.json(
			cursorPage(found, { limit: query.limit, present: presentAuditEntry }),
		);
	});
	return router;
}

function toDate(text: string | undefined): Date | null {
	return text === undefined ? null : new Date(text);
}
