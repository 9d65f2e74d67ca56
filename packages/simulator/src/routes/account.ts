import { Router } from "express";
import { checkBearer } from "../auth.ts";
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
	router.get("/api/v1/usage", (_req, res) => {
		const { accepted_posts, charged_posts, charged_points, posts } =
			world.ledger.totals;
		const actions = new Set(world.ledger.posts.map((post) => post.action));
		res.json({
			items: [...actions].map((action) => usageOf(world, action)),
			total: {
				requests: posts,
				accepted: accepted_posts,
				succeeded: charged_posts,
				points: charged_points,
			},
		});
	});
	return router;
}

function usageOf(world: World, action: string): Record<string, unknown> {
	const posts = world.ledger.posts.filter((post) => post.action === action);
	const charged = posts.filter((post) => post.charged);
	return {
		action,
		requests: posts.length,
		accepted: posts.filter((post) => post.accepted).length,
		succeeded: charged.length,
		points: charged.reduce((sum, post) => sum + post.points, 0),
		from: posts[0]?.received_at,
		to: posts.at(-1)?.received_at,
	};
}
