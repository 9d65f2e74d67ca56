import {
	presentUsage,
	usageQuerySchema,
} from "@reelay/shared/contracts/usage-view";
import {
	decideUsageRange,
	maxUsageRows,
	usageGroups,
} from "@reelay/shared/domain/usage";
import type { Database } from "@reelay/shared/store/database";
import { findUsage } from "@reelay/shared/store/usage";
import { Router } from "express";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { parseQuery } from "../parse.ts";
import { problemFor } from "../problem.ts";

/** The route of /v1/usage: what a tenant's jobs have cost. */
export function usageRoutes({ reports }: { reports: Database }): Router {
	const router = Router();

	router.get("/", requireScope("jobs:read"), async (req, res) => {
		const query = parseQuery(usageQuerySchema, req.query);
		const range = decideUsageRange(query, new Date());
		if ("parameter" in range) throw refusal(range.parameter, range.message);
		// In one order, and each once, however they were named.
		const groups = usageGroups.filter((group) =>
			query.group_by.includes(group),
		);
		const { tenantId } = ownerOf(res);
		const usage = await findUsage(reports, { tenantId, ...range, groups });
		const { rows } = usage;
		if (rows === null) {
			const message = `There are more than ${maxUsageRows} rows: ask for fewer days, or tell less apart.`;
			throw refusal("group_by", message);
		}
		res.json(presentUsage({ ...range, groups }, { ...usage, rows }));
	});

	return router;
}

function refusal(parameter: string, message: string) {
	return problemFor("invalid_request", {
		detail: "The query has mistakes; each is listed in errors.",
		errors: [{ parameter, code: "invalid_value", message }],
	});
}
