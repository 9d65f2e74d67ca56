import { replaySchema } from "@reelay/shared/contracts/endpoint-api";
import { presentReplay } from "@reelay/shared/contracts/replay-view";
import type { EndpointRecord } from "@reelay/shared/domain/endpoint-record";
import { eventTypes, matchesFilter } from "@reelay/shared/domain/event";
import { maxReplayS } from "@reelay/shared/domain/replay";
import { idBefore } from "@reelay/shared/runtime/ids";
import type { Database } from "@reelay/shared/store/database";
import {
	countReplay,
	findReplay,
	insertReplay,
	listReplays,
	moveReplay,
	type ReplayQuery,
} from "@reelay/shared/store/replays";
import { Router } from "express";
import type { z } from "zod";
import { refuse } from "../change-endpoint.ts";
import { requireScope } from "../middleware/authenticate.ts";
import { requireJson } from "../middleware/require-json.ts";
import { getEndpoint, getReplay, pathId } from "../owned.ts";
import { parseBody } from "../parse.ts";
import { noSuch, problemFor } from "../problem.ts";

export type ReplayRoutesDeps = {
	db: Database;
	reads: Database;
	reports: Database;
};

/** The routes of /v1/endpoints/{id}/replays: send an endpoint again what it was owed in a time. */
export function endpointReplayRoutes({
	db,
	reads,
	reports,
}: ReplayRoutesDeps): Router {
	const router = Router({ mergeParams: true });
	router.use(requireScope("webhooks"));

	router.post("/", requireJson, async (req, res) => {
		const body = parseBody(replaySchema, req.body);
		const endpoint = await getEndpoint(db, req, res);
		const query = toQuery(body, endpoint, new Date());
		const total = await countReplay(reports, query);
		if (body.dry_run) {
			res.json({ dry_run: true, would_send: total });
			return;
		}
		const replay = await insertReplay(db, query, total);
		if (replay === null) throw noSuch("endpoint");
		res.status(202).location(`/v1/replays/${replay.id}`);
		res.json(presentReplay(replay));
	});

	router.get("/", async (req, res) => {
		const { tenant_id, id } = await getEndpoint(reads, req, res);
		const replays = await listReplays(reads, tenant_id, id);
		res.json({ data: replays.map(presentReplay) });
	});

	return router;
}

/** The routes of /v1/replays: how far one is, and halting it. */
export function replayRoutes({ db }: ReplayRoutesDeps): Router {
	const router = Router();
	router.use(requireScope("webhooks"));

	router.get("/:id", async (req, res) => {
		res.json(presentReplay(await getReplay(db, req, res)));
	});

	for (const [verb, state] of [
		["pause", "paused"],
		["resume", "running"],
		["cancel", "cancelled"],
	] as const) {
		router.post(`/:id/${verb}`, async (req, res) => {
			const { tenantId, id } = pathId("replay", req, res);
			const moved = await moveReplay(db, { tenantId, id }, state);
			if (moved === null) throw await hasEnded(db, tenantId, id);
			res.json(presentReplay(moved));
		});
	}

	return router;
}

async function hasEnded(db: Database, tenantId: string, id: string) {
	const replay = await findReplay(db, tenantId, id);
	if (replay === null) return noSuch("replay");
	return problemFor("replay_ended", {
		detail: `The replay has ${replay.state}; begin another one.`,
	});
}

function toQuery(
	body: z.infer<typeof replaySchema>,
	endpoint: EndpointRecord,
	now: Date,
): ReplayQuery {
	const since = new Date(body.since);
	const given = body.until === undefined ? now : new Date(body.until);
	// What is born later is owed to the endpoint by itself.
	const until = given > now ? now : given;
	const filters = body.types ?? endpoint.events;
	const types = eventTypes.filter((type) =>
		filters.some((filter) => matchesFilter(filter, type)),
	);
	const mistakes = [];
	if (since >= until) {
		const message = "It must be before until, and in the past.";
		mistakes.push({ pointer: "/since", code: "invalid_value", message });
	}
	if (now.getTime() - since.getTime() > maxReplayS * 1000) {
		const message = `It may be ${maxReplayS / 86_400} days ago at most.`;
		mistakes.push({ pointer: "/since", code: "invalid_value", message });
	}
	if (types.length === 0) {
		const message = `No event is of these types; there is ${eventTypes.join(", ")}.`;
		mistakes.push({ pointer: "/types", code: "unknown_event", message });
	}
	refuse(mistakes);
	return {
		tenantId: endpoint.tenant_id,
		endpointId: endpoint.id,
		types,
		states: body.states,
		since,
		until,
		afterId: idBefore("event", since),
	};
}
