import { isId } from "@reelay/shared/runtime/ids";
import type { Database } from "@reelay/shared/store/database";
import {
	type FeedPlace,
	feedStart,
	findFeedEnd,
	findFeedPlace,
	wasFeedShortened,
} from "@reelay/shared/store/event-feed";
import type { Request } from "express";
import { problemFor } from "./problem.ts";
import { lastEventIdOf } from "./stream/accept.ts";
import type { StreamRequest } from "./stream/streams.ts";

/** The `after` of those who have read nothing. */
const firstPlace = "0";

/** What a stream of the tenant's feed shows, and from where on: behind what the client has had, where it says so. */
export async function followEvents(
	db: Database,
	req: Request,
	asked: {
		tenantId: string;
		after: string | undefined;
		types: readonly string[];
	},
): ReturnType<StreamRequest["prepare"]> {
	const { tenantId, after, types } = asked;
	const resumed = lastEventIdOf(req);
	const from = await findPlace(db, tenantId, {
		id: resumed ?? after,
		from: resumed === undefined ? "after" : "Last-Event-ID",
	});
	// Told at once: a connection that breaks before the first event must not begin with a later present.
	const isLate = resumed === undefined && after === "now";
	return {
		key: tenantId,
		types,
		from,
		lastWords: null,
		resumeId: isLate ? from.id || firstPlace : null,
	};
}

/** The place behind an event of the tenant, behind the newest with `now`, and before all of them with nothing. */
export async function findPlace(
	db: Database,
	tenantId: string,
	{ id, from }: { id: string | undefined; from: "after" | "Last-Event-ID" },
): Promise<FeedPlace> {
	const resumes = from === "Last-Event-ID";
	if (id === undefined || id === firstPlace) {
		// Who begins is shown what there is; who goes on is told when that is not all.
		if (!resumes || !(await wasFeedShortened(db, tenantId))) return feedStart;
		throw eventsRemoved();
	}
	if (id === "now" && !resumes) return findFeedEnd(db, tenantId);
	const place = isId("event", id)
		? await findFeedPlace(db, tenantId, id)
		: null;
	if (place === "removed") throw eventsRemoved();
	if (place !== null) return place;
	const message = `\`${from}\` is the id of an event that you have read, as next_after gives it; leave it out to begin with the first.`;
	const where = from === "after" ? { parameter: from } : { header: from };
	throw problemFor("invalid_request", {
		detail: message,
		errors: [{ ...where, code: "unknown_event", message }],
	});
}

function eventsRemoved() {
	return problemFor("events_removed", {
		detail:
			"Events that come behind this one have been removed by age, so going on from here would leave them out. Begin anew without it, which shows what is kept, and read what you have missed from GET /v1/jobs.",
	});
}
