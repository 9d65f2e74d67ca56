/**
 * Callbacks that were set aside, read again by today's parser. What is understood now goes the way of a fresh callback,
 * by the same statement: it may end a job, be surplus, or come too late, and a second replay finds nothing left to do.
 * What is still not understood is not written at all.
 */
import { type Forecast, forecastReplay } from "../domain/callback-forecast.ts";
import { type CallbackRecord, callbackId } from "../domain/callback-record.ts";
import {
	type ProviderReport,
	readProviderReport,
	readProviderText,
} from "../domain/provider-answer.ts";
import type { ResultHosts } from "../domain/result-url.ts";
import { applyReport } from "./apply-report.ts";
import { insertAudit } from "./audit-log.ts";
import {
	countQuarantinedAfter,
	findCallback,
	listQuarantined,
	type QuarantineFilter,
} from "./callbacks.ts";
import { type Database, isDatabaseUnavailable } from "./database.ts";

/** Who replays, and how: `actor` is the id of an API key, or the name of a command. */
export type ReplayOrder = {
	actor: string;
	/** Only foretells what would be done. */
	isDryRun: boolean;
	/** An operator's word that the callback is its submission's, although it names another task. */
	adopts?: boolean;
	/** The hosts that results may lead to. */
	hosts: ResultHosts;
	/** Told of one of many that Postgres refused, which then stays as it is and holds up no other. */
	onFailure: (id: bigint, error: unknown) => void;
};

/** A callback as it was before, what today's parser reads in it, and what became, or would become, of it. */
export type Replayed = Forecast & {
	callback: CallbackRecord;
	/** What the parser says it is. */
	kind: ProviderReport["kind"];
	/** Whether something was written: not by a dry run, and not for what stays as it is. */
	isApplied: boolean;
	deliveries: number;
};

/**
 * Replays one callback. One that is not set aside (any more) is left as it is, so that a repeated order does no harm.
 * What is done is written down first, for the tenant whose job it is.
 */
export async function replayCallback(
	db: Database,
	callback: CallbackRecord,
	order: ReplayOrder,
): Promise<Replayed> {
	const report = readProviderText(callback.body, (body) =>
		readProviderReport(body, order.hosts),
	);
	const { kind } = report;
	const { outcome, reason, job_state } = callback;
	const left = { callback, kind, isApplied: false, deliveries: 0 };
	if (outcome !== "quarantined") return { ...left, outcome, reason, job_state };
	const forecast = forecastReplay(callback, report, order.adopts);
	if (order.isDryRun || forecast.outcome === "quarantined") {
		return { ...left, ...forecast };
	}
	await writeDown(db, callback, { order, kind });
	const applied = await applyReport(db, {
		submissionId: callback.submission_id,
		report,
		received: {
			bodySha: Buffer.from(callback.body_sha),
			body: callback.body,
			kind,
		},
		adopts: order.adopts,
	});
	const after = (await findCallback(db, null, callback.id)) ?? callback;
	return {
		...left,
		outcome: after.outcome,
		reason: after.reason,
		job_state: after.job_state,
		isApplied: applied.outcome !== "duplicate",
		deliveries: applied.deliveries,
	};
}

/** What could not be applied stays where it was. */
function refused(callback: CallbackRecord): Replayed {
	return {
		callback,
		kind: "unreadable",
		outcome: "quarantined",
		reason: "it could not be applied; the log says why",
		job_state: callback.job_state,
		isApplied: false,
		deliveries: 0,
	};
}

/** What no job of ours explains has no tenant to be written down for, and ends nothing. */
async function writeDown(
	db: Database,
	{ id, tenant_id, job_id, submission_id, reason }: CallbackRecord,
	{ order, kind }: { order: ReplayOrder; kind: string },
): Promise<void> {
	if (tenant_id === null) return;
	await insertAudit(db, {
		tenantId: tenant_id,
		actor: order.actor,
		action: order.adopts === true ? "callback.adopt" : "callback.replay",
		target: callbackId(id),
		data: { job: job_id, submission: submission_id, kind, was: reason },
	});
}

/** One bounded part of a replay: what came of each, how many match behind the last one, and which that was. */
export type ReplayedPage = {
	replayed: Replayed[];
	left: number;
	/** Null when there was none. */
	lastId: bigint | null;
};

/** Replays the first callbacks that the filter means behind the given one, in the order in which they came. */
export async function replayQuarantined(
	db: Database,
	filter: QuarantineFilter,
	{ page, order }: { page: Page; order: ReplayOrder },
): Promise<ReplayedPage> {
	const replayed: Replayed[] = [];
	for (const callback of await listQuarantined(db, filter, page)) {
		replayed.push(
			await replayCallback(db, callback, order).catch((error: unknown) => {
				if (isDatabaseUnavailable(error)) throw error;
				order.onFailure(callback.id, error);
				return refused(callback);
			}),
		);
	}
	const lastId = replayed.at(-1)?.callback.id ?? null;
	const left =
		replayed.length < page.limit
			? 0
			: await countQuarantinedAfter(db, filter, lastId ?? page.afterId);
	return { replayed, left, lastId };
}

type Page = { afterId: bigint; limit: number };
