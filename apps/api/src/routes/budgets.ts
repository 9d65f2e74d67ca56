import {
	budgetOwnerSchema,
	budgetPeriodSchema,
	presentBudget,
	setBudgetSchema,
} from "@reelay/shared/contracts/budget-view";
import { insertAudit } from "@reelay/shared/store/audit-log";
import {
	type BudgetName,
	endBudget,
	findBudget,
	hasApiKey,
	listBudgets,
	setBudget,
} from "@reelay/shared/store/budgets";
import type { Database } from "@reelay/shared/store/database";
import { type Request, type Response, Router } from "express";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { requireJson } from "../middleware/require-json.ts";
import { parseBody } from "../parse.ts";
import { noSuch } from "../problem.ts";

export type BudgetRoutesDeps = { db: Database; reads: Database };

/** The routes of /v1/budgets: what may be spent, and what is left of it. */
export function budgetRoutes({ db, reads }: BudgetRoutesDeps): Router {
	const router = Router();
	router.use(requireScope("admin"));

	router.get("/", async (_req, res) => {
		const budgets = await listBudgets(reads, ownerOf(res).tenantId);
		res.json({ data: budgets.map(presentBudget) });
	});

	router.get("/:owner/:period", async (req, res) => {
		const budget = await findBudget(reads, budgetName(req, res));
		if (budget === null) throw noSuch("budget");
		res.json(presentBudget(budget));
	});

	router.put("/:owner/:period", requireJson, async (req, res) => {
		const name = budgetName(req, res);
		const { tenantId, keyId } = name;
		const body = parseBody(setBudgetSchema, req.body);
		if (keyId !== null && !(await hasApiKey(db, tenantId, keyId))) {
			throw noSuch("key");
		}
		await audit(db, res, { action: "budget.set", name, data: body });
		await setBudget(db, name, body.limit_points);
		const budget = await findBudget(db, name);
		// Somebody has ended it between the two statements.
		if (budget === null) throw noSuch("budget");
		res.json(presentBudget(budget));
	});

	router.delete("/:owner/:period", async (req, res) => {
		const name = budgetName(req, res);
		if ((await findBudget(db, name)) === null) throw noSuch("budget");
		await audit(db, res, { action: "budget.end", name, data: {} });
		if (!(await endBudget(db, name))) throw noSuch("budget");
		res.status(204).end();
	});

	return router;
}

/** Which budget the path names; what names none is as unknown as one that never was. */
function budgetName(req: Request, res: Response): BudgetName {
	const owner = budgetOwnerSchema.safeParse(req.params.owner);
	const period = budgetPeriodSchema.safeParse(req.params.period);
	if (!owner.success || !period.success) throw noSuch("budget");
	return {
		tenantId: ownerOf(res).tenantId,
		keyId: owner.data === "tenant" ? null : owner.data,
		period: period.data,
	};
}

/** Written before the deed, so that none goes unrecorded. */
function audit(
	db: Database,
	res: Response,
	{ action, name, data }: { action: string; name: BudgetName; data: unknown },
): Promise<void> {
	const { tenantId, keyId: actor } = ownerOf(res);
	const target = `${name.keyId ?? "tenant"}/${name.period}`;
	return insertAudit(db, { tenantId, actor, action, target, data });
}
