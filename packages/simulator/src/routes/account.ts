import { Router } from "express";
import { checkBearer } from "../auth.ts";
import { answerUsage, usageQuerySchema } from "../usage.ts";
import type { World } from "../world.ts";

/** Balance and usage. The provider has these routes; their fields are unpublished. */
export function accountRouter(world: World): Router {
	const router = Router();
	router.use(["/api/v1/me", "/api/v1/usage"], (req, res, next) => {
		const auth = checkBearer(req.get("authorization"), world.keys);
		if (auth.ok) return next();
		return res.status(401).json({ detail: auth.detail });
	});
	router.get("/api/v1/me", (_req, res) => {
		res.json({
			id: 1,
			name: "simulated tenant",
			is_active: true,
			balance: world.purse.balance,
			balance_unit: "points",
		});
	});
	router.get("/api/v1/usage", (req, res) => {
		const query = usageQuerySchema.parse(req.query);
		res.json(answerUsage(world.ledger, world.usageLies, query));
	});
	return router;
}
