import {
	listQuarantinedSchema,
	replayCallbackSchema,
	replayCallbacksSchema,
} from "@reelay/shared/contracts/callback-api";
import {
	presentOperatorsCallback,
	presentReplayed,
} from "@reelay/shared/contracts/callback-view";
import {
	callbackId,
	parseCallbackId,
} from "@reelay/shared/domain/callback-record";
import type { ResultHosts } from "@reelay/shared/domain/result-url";
import type { Ringer } from "@reelay/shared/queue/rings";
import type { Logger } from "@reelay/shared/runtime/logger";
import {
	type Replayed,
	replayCallback,
	replayQuarantined,
} from "@reelay/shared/store/callback-replay";
import {
	listQuarantined,
	type QuarantineFilter,
} from "@reelay/shared/store/callbacks";
import type { Database } from "@reelay/shared/store/database";
import { Router } from "express";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { allowJson } from "../middleware/require-json.ts";
import { getCallback } from "../owned.ts";
import { feedPage } from "../page.ts";
import { parseBody, parseQuery } from "../parse.ts";
import { withoutTokens } from "../without-tokens.ts";

export type CallbackRoutesDeps = {
	db: Database;
	reads: Database;
	reports: Database;
	ringer: Pick<Ringer, "enqueue">;
	logger: Logger;
	/** Where results may lead to. */
	resultHosts: ResultHosts;
};

/** The routes of /v1/callbacks: what the provider said and nobody understood, and having it read again. */
export function callbackRoutes(deps: CallbackRoutesDeps): Router {
	const { db, reads, logger, resultHosts: hosts } = deps;
	const onFailure = (id: bigint, error: unknown) =>
		logger.error(
			{ callback_id: callbackId(id), err: error },
			"callback.replayFailed",
		);
	const router = Router();
	router.use(requireScope("admin"));

	router.get("/", async (req, res) => {
		const query = parseQuery(listQuarantinedSchema, req.query);
		const filter = filterOf(query, ownerOf(res).tenantId);
		const found = await listQuarantined(deps.reports, filter, {
			afterId: afterIdOf(query.after),
			limit: query.limit + 1,
		});
		const now = new Date();
		res.json(
			feedPage(found, {
				limit: query.limit,
				present: (callback) =>
					presentOperatorsCallback(withoutTokens(callback), now),
				placeOf: ({ id }) => callbackId(id),
				after: query.after ?? null,
			}),
		);
	});

	router.post("/replay", allowJson, async (req, res) => {
		const body = parseBody(replayCallbacksSchema, req.body ?? {});
		const { tenantId, keyId } = ownerOf(res);
		const done = await replayQuarantined(db, filterOf(body, tenantId), {
			page: { afterId: afterIdOf(body.after), limit: body.limit },
			order: { actor: keyId, isDryRun: body.dry_run, hosts, onFailure },
		});
		ringFor(deps, done.replayed);
		res.json({
			dry_run: body.dry_run,
			counts: countOutcomes(done.replayed),
			data: done.replayed.map(presentReplayed),
			left: done.left,
			next_after: nextOf(done.lastId, body.after),
		});
	});

	router.get("/:id", async (req, res) => {
		const callback = await getCallback(reads, req, res);
		res.json(presentOperatorsCallback(withoutTokens(callback), new Date()));
	});

	router.post("/:id/replay", allowJson, async (req, res) => {
		const body = parseBody(replayCallbackSchema, req.body ?? {});
		const replayed = await replayCallback(db, await getCallback(db, req, res), {
			actor: ownerOf(res).keyId,
			isDryRun: body.dry_run,
			adopts: body.adopt,
			hosts,
			onFailure,
		});
		ringFor(deps, [replayed]);
		res.json({ dry_run: body.dry_run, ...presentReplayed(replayed) });
	});

	return router;
}

function filterOf(
	asked: {
		reason?: string | undefined;
		since?: string | undefined;
		until?: string | undefined;
		waiting: boolean;
	},
	tenantId: string,
): QuarantineFilter {
	const { reason = null, since, until, waiting } = asked;
	return {
		tenantId,
		reason,
		since: since === undefined ? null : new Date(since),
		until: until === undefined ? null : new Date(until),
		isWaiting: waiting,
		submissionId: null,
	};
}

const afterIdOf = (after: string | undefined): bigint =>
	(after === undefined ? null : parseCallbackId(after)) ?? 0n;

function nextOf(
	lastId: bigint | null,
	after: string | undefined,
): string | null {
	return lastId === null ? (after ?? null) : callbackId(lastId);
}

function countOutcomes(replayed: readonly Replayed[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { outcome } of replayed) {
		counts[outcome] = (counts[outcome] ?? 0) + 1;
	}
	return counts;
}

/** A slot may be free and a delivery due; both are found by sweeps if the rings are lost. */
function ringFor(
	{ ringer }: CallbackRoutesDeps,
	replayed: readonly Replayed[],
): void {
	const settled = replayed.filter(({ isApplied }) => isApplied);
	const ids = (some: readonly Replayed[]) =>
		some.map(({ callback }) => callback.submission_id);
	if (settled.length > 0) ringer.enqueue("submit", ids(settled));
	const owing = settled.filter(({ deliveries }) => deliveries > 0);
	if (owing.length > 0) ringer.enqueue("deliver", ids(owing));
}
