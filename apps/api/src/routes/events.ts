import {
	presentDelivery,
	presentEvent,
} from "@reelay/shared/contracts/delivery-view";
import { listEventsSchema } from "@reelay/shared/contracts/endpoint-api";
import type { EventRecord } from "@reelay/shared/domain/delivery-record";
import { eventTypes, matchesFilter } from "@reelay/shared/domain/event";
import { dayS, minRetentionDays } from "@reelay/shared/domain/retention";
import type { Database } from "@reelay/shared/store/database";
import { listDeliveriesOfEvent } from "@reelay/shared/store/delivery-log";
import { listFeed } from "@reelay/shared/store/event-feed";
import { Router } from "express";
import { findPlace, followEvents } from "../follow-events.ts";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { getEvent, pathId } from "../owned.ts";
import { feedPage } from "../page.ts";
import { parseQuery } from "../parse.ts";
import { problemFor } from "../problem.ts";
import { wantsStream } from "../stream/accept.ts";
import type { Streams } from "../stream/streams.ts";

export type EventRoutesDeps = { reads: Database; streams: Streams };

/** The routes of /v1/events: the feed that a customer without a public URL reads, and one event with its deliveries. */
export function eventRoutes(deps: EventRoutesDeps): Router {
	const { reads, streams } = deps;
	const router = Router();
	router.use(requireScope("jobs:read"));

	router.get("/", async (req, res) => {
		res.vary("Accept");
		const query = parseQuery(listEventsSchema, req.query);
		const owner = ownerOf(res);
		const { tenantId } = owner;
		const types = query.types.flatMap(typesOf);
		if (wantsStream(req)) {
			const asked = { tenantId, after: query.after, types };
			await streams.open(res, {
				kind: "events",
				owner,
				prepare: () => followEvents(reads, req, asked),
			});
			return;
		}
		const place = { id: query.after, from: "after" } as const;
		const after = await findPlace(reads, tenantId, place);
		const events = await listFeed(reads, {
			tenantId,
			after,
			types,
			limit: query.limit + 1,
		});
		// What is so old may have been removed between the two looks, and then the page has a gap.
		if (isOld(events[0])) await findPlace(reads, tenantId, place);
		res.json(
			feedPage(events, {
				limit: query.limit,
				present: presentEvent,
				placeOf: ({ id }) => id,
				after: after.id || null,
			}),
		);
	});

	router.get("/:id", async (req, res) => {
		const { tenantId, id } = pathId("event", req, res);
		const event = await getEvent(reads, req, res);
		const owed = await listDeliveriesOfEvent(reads, tenantId, id);
		res.json({ ...presentEvent(event), deliveries: owed.map(presentDelivery) });
	});

	return router;
}

/** Whether an event may be removed at any moment; nothing is before it is a week old. */
function isOld(event: EventRecord | undefined): boolean {
	const ageS = event && (Date.now() - new Date(event.at).getTime()) / 1000;
	return ageS !== undefined && ageS > (minRetentionDays - 1) * dayS;
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
