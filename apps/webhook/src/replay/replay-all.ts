import { callbackId } from "@reelay/shared/domain/callback-record";
import type { ResultHosts } from "@reelay/shared/domain/result-url";
import { redactCallbackTokens } from "@reelay/shared/signing/capability";
import {
	type Replayed,
	type ReplayOrder,
	replayCallback,
	replayQuarantined,
} from "@reelay/shared/store/callback-replay";
import { findCallback } from "@reelay/shared/store/callbacks";
import type { ReplayArguments } from "./read-arguments.ts";
import {
	type ReplayedFile,
	type ReplayFilesDeps,
	replayFiles,
} from "./replay-files.ts";

export type ReplayAllDeps = ReplayFilesDeps & {
	hosts: ResultHosts;
	onFailure: ReplayOrder["onFailure"];
	/** Writes one line. */
	print: (line: string) => void;
	now: () => Date;
};

/** How many were taken up, or would be, and how many stay set aside. */
export type ReplayedAll = { taken: number; left: number };

const batch = 200;

/**
 * Replays what is set aside, in the database and in the receiver's folder, and prints what came of each. It may run beside
 * everything else, be stopped anywhere, and run again: what was taken up is not looked at twice.
 */
export async function replayAll(
	deps: ReplayAllDeps,
	asked: ReplayArguments,
): Promise<ReplayedAll> {
	const { isDryRun, adopts } = asked;
	const { actor, hosts, onFailure } = deps;
	const order = { actor, isDryRun, adopts, hosts, onFailure };
	if (asked.id !== null) return replayOne(deps, asked.id, order);
	const all: ReplayedAll = { taken: 0, left: 0 };
	for (let afterId = 0n; ; ) {
		const { reason, since, until } = asked;
		const done = await replayQuarantined(
			deps.db,
			{ ...everybodys, reason, since, until },
			{ page: { afterId, limit: batch }, order },
		);
		for (const replayed of done.replayed) {
			count(all, replayed.outcome);
			deps.print(describe(deps, replayed));
		}
		if (done.lastId === null) break;
		afterId = done.lastId;
	}
	for await (const replayed of replayFiles(deps, asked)) {
		count(all, replayed.outcome);
		deps.print(describeFile(deps, replayed));
	}
	return all;
}

const everybodys = { tenantId: null, isWaiting: false, submissionId: null };

async function replayOne(
	deps: ReplayAllDeps,
	id: bigint,
	order: ReplayOrder,
): Promise<ReplayedAll> {
	const callback = await findCallback(deps.db, null, id);
	if (callback === null) {
		throw new Error(`There is no callback ${callbackId(id)}.`);
	}
	deps.print(printable(redactCallbackTokens(callback.body)));
	const replayed = await replayCallback(deps.db, callback, order);
	deps.print(describe(deps, replayed));
	const all = { taken: 0, left: 0 };
	count(all, replayed.outcome);
	return all;
}

function count(all: ReplayedAll, outcome: string | null): void {
	if (outcome === null || outcome === "quarantined") all.left += 1;
	else all.taken += 1;
}

function describe(deps: ReplayAllDeps, replayed: Replayed): string {
	const { callback, kind, outcome, reason, job_state } = replayed;
	return [
		callbackId(callback.id),
		callback.submission_id,
		callback.job_id ?? "no job",
		ageOf(deps, callback.received_at),
		`${kind} → ${outcome}${job_state === null ? "" : `, job ${job_state}`}`,
		...(reason === null ? [] : [printable(reason)]),
	].join("  ");
}

function describeFile(deps: ReplayAllDeps, replayed: ReplayedFile): string {
	const { file, outcome, reason } = replayed;
	return [
		printable(file.name),
		printable(file.callback?.submissionId ?? "no submission"),
		ageOf(deps, file.keptAt),
		`${file.why} → ${outcome ?? "stays"}`,
		...(reason === null ? [] : [printable(reason)]),
	].join("  ");
}

function ageOf({ now }: ReplayAllDeps, instant: Date): string {
	const minutes = Math.max(0, now().getTime() - instant.getTime()) / 60_000;
	if (minutes < 120) return `${Math.round(minutes)} min`;
	return minutes < 2880
		? `${Math.round(minutes / 60)} h`
		: `${Math.round(minutes / 1440)} d`;
}

/** A stranger's words on one line of a terminal, which must not take them for orders. */
function printable(text: string): string {
	return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
}
