import {
	presentDelivery,
	presentEvent,
} from "@reelay/shared/contracts/delivery-view";
import { listEventsSchema } from "@reelay/shared/contracts/endpoint-api";
import { eventTypes, matchesFilter } from "@reelay/shared/domain/event";
import { isId } from "@reelay/shared/runtime/ids";
import type { Database } from "@reelay/shared/store/database";
import { listDeliveriesOfEvent } from "@reelay/shared/store/delivery-log";
import { findFeedPlace, listFeed } from "@reelay/shared/store/event-feed";
import { Router } from "express";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { getEvent, pathId } from "../owned.ts";
import { parseQuery } from "../parse.ts";
import { problemFor } from "../problem.ts";

export type EventRoutesDeps = { reads: Database };

/** The routes of /v1/events: the feed that a customer without a public URL reads, and one event with its deliveries. */
export function eventRoutes(deps: EventRoutesDeps): Router {
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
		const { tenantId, id } = pathId("event", req, res);
		const event = await getEvent(deps.reads, req, res);
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
