import { listEventTypes } from "@reelay/shared/contracts/event-catalogue";
import { Router } from "express";

/** The route /v1/event-types: the catalogue of what webhooks and the feed tell. Any key may read it. */
export function eventTypeRoutes(): Router {
	const router = Router();
	const data = listEventTypes();
	router.get("/", (_req, res) => {
		res.json({ data });
	});
	return router;
}
