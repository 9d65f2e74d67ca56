import {
	presentAttempt,
	presentDelivery,
	presentEvent,
} from "@reelay/shared/contracts/delivery-view";
import { listEventsSchema } from "@reelay/shared/contracts/endpoint-api";
import type { DeliveryRecord } from "@reelay/shared/domain/delivery-record";
import { eventTypes, matchesFilter } from "@reelay/shared/domain/event";
import type { Ringer } from "@reelay/shared/queue/rings";
import { isId } from "@reelay/shared/runtime/ids";
import type { Database } from "@reelay/shared/store/database";
import {
	findDelivery,
	findEvent,
	listAttempts,
	listDeliveriesOfEvent,
	redeliver,
} from "@reelay/shared/store/delivery-log";
import { findFeedPlace, listFeed } from "@reelay/shared/store/event-feed";
import { type Request, type Response, Router } from "express";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { parseQuery } from "../parse.ts";
import { noSuch, problemFor } from "../problem.ts";

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

/** The routes of /v1/events: the feed that a customer without a public URL reads, and one event with its deliveries. */
export function eventRoutes(deps: DeliveryRoutesDeps): Router {
	const router = Router();
	router.use(requireScope("jobs:read"));

	router.get("/", async (req, res) => {
		const query = parseQuery(listEventsSchema, req.query);
		const { tenantId } = ownerOf(res);
		const after =
			query.after === undefined
				? null
				: isId("event", query.after)
					? await findFeedPlace(deps.reads, tenantId, query.after)
					: null;
		if (query.after !== undefined && after === null) throw unknownPlace();
		const events = await listFeed(deps.reads, {
			tenantId,
			after,
			types: query.types.flatMap(typesOf),
			limit: query.limit + 1,
		});
		const page = events.slice(0, query.limit);
		res.json({
			data: page.map(presentEvent),
			has_more: events.length > query.limit,
			next_after: page.at(-1)?.id ?? query.after ?? null,
		});
	});

	router.get("/:id", async (req, res) => {
		const id = String(req.params.id);
		const { tenantId } = ownerOf(res);
		const event = isId("event", id)
			? await findEvent(deps.reads, tenantId, id)
			: null;
		if (event === null) throw noSuch("event");
		const owed = await listDeliveriesOfEvent(deps.reads, tenantId, id);
		res.json({ ...presentEvent(event), deliveries: owed.map(presentDelivery) });
	});

	return router;
}

/** The types that a filter stands for; one that stands for none is a mistake, and no way of reading everything. */
function typesOf(filter: string): string[] {
	const types = eventTypes.filter((type) => matchesFilter(filter, type));
	if (types.length > 0) return types;
	const message = `No event is of the type ${filter}; there is ${eventTypes.join(", ")}.`;
	throw problemFor("invalid_request", {
		detail: message,
		errors: [{ parameter: "types", code: "unknown_event", message }],
	});
}

function unknownPlace() {
	const message =
		"`after` is the id of an event that you have read, as next_after gives it; leave it out to begin with the first.";
	return problemFor("invalid_request", {
		detail: message,
		errors: [{ parameter: "after", code: "unknown_event", message }],
	});
}

async function getDelivery(
	db: Database,
	req: Request,
	res: Response,
): Promise<DeliveryRecord> {
	const id = String(req.params.id);
	const delivery = isId("delivery", id)
		? await findDelivery(db, ownerOf(res).tenantId, id)
		: null;
	if (delivery === null) throw noSuch("delivery");
	return delivery;
}
