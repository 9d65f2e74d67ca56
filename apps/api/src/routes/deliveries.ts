import {
	presentAttempt,
	presentDelivery,
} from "@reelay/shared/contracts/delivery-view";
import type { Ringer } from "@reelay/shared/queue/rings";
import type { Database } from "@reelay/shared/store/database";
import { listAttempts, redeliver } from "@reelay/shared/store/delivery-log";
import { Router } from "express";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { getDelivery } from "../owned.ts";
import { problemFor } from "../problem.ts";

export type DeliveryRoutesDeps = {
	db: Database;
	reads: Database;
	ringer: Pick<Ringer, "enqueue">;
};

/** The routes of /v1/deliveries: what became of each event at each receiver, and sending it again. */
export function deliveryRoutes(deps: DeliveryRoutesDeps): Router {
	const router = Router();
	router.use(requireScope("webhooks"));

	router.get("/:id", async (req, res) => {
		const delivery = await getDelivery(deps.reads, req, res);
		const attempts = await listAttempts(deps.reads, delivery.id);
		res.json({
			...presentDelivery(delivery),
			attempt_log: attempts.map(presentAttempt),
		});
	});

	router.post("/:id/redeliver", async (req, res) => {
		const { id } = await getDelivery(deps.db, req, res);
		const { tenantId } = ownerOf(res);
		if (!(await redeliver(deps.db, tenantId, id))) {
			throw problemFor("not_deliverable", {
				detail:
					"An attempt is being made right now, or its endpoint is disabled or deleted: look at it again, or enable the endpoint.",
			});
		}
		deps.ringer.enqueue("deliver", [id]);
		res.status(202).json(presentDelivery(await getDelivery(deps.db, req, res)));
	});

	return router;
}
