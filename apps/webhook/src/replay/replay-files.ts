import { forecastReplay } from "@reelay/shared/domain/callback-forecast";
import { applyReport } from "@reelay/shared/store/apply-report";
import { insertAudit } from "@reelay/shared/store/audit-log";
import { findCallbackFacts } from "@reelay/shared/store/callbacks";
import {
	type Database,
	isDatabaseUnavailable,
} from "@reelay/shared/store/database";
import type { CallbackReader } from "../providers/see2ai.ts";
import { type AsideFile, listAside, removeAside } from "../spool-aside.ts";

export type ReplayFilesDeps = {
	db: Database;
	/** The receiver's spool. */
	folder: string;
	readers: readonly CallbackReader[];
	actor: string;
};

/** A file that was set aside, and what came, or would come, of its callback; null while it stays as it is. */
export type ReplayedFile = {
	file: AsideFile;
	outcome: string | null;
	reason: string | null;
};

/**
 * Applies the callbacks in the files that a receiver has set aside, and removes a file once its callback is committed. It
 * runs in a process of its own: if a callback kills that, no receiver dies, and the file is still there.
 */
export async function* replayFiles(
	deps: ReplayFilesDeps,
	{ isDryRun }: { isDryRun: boolean },
): AsyncGenerator<ReplayedFile> {
	for (const file of await listAside(deps.folder)) {
		yield await replayFile(deps, file, isDryRun);
	}
}

async function replayFile(
	deps: ReplayFilesDeps,
	file: AsideFile,
	isDryRun: boolean,
): Promise<ReplayedFile> {
	const { callback } = file;
	const stays = (reason: string) => ({ file, outcome: null, reason });
	if (callback === null) return stays("it is no callback of this version");
	const reader = deps.readers.find(({ name }) => name === callback.provider);
	if (reader === undefined) {
		return stays(`no provider named ${callback.provider} is known`);
	}
	const { submissionId, bodySha } = callback;
	const read = reader.read(Buffer.from(callback.body), submissionId);
	const facts = await findCallbackFacts(deps.db, submissionId);
	if (isDryRun) {
		return { file, ...forecastReplay(facts, read.report) };
	}
	if (facts.tenant_id !== null) {
		await insertAudit(deps.db, {
			tenantId: facts.tenant_id,
			actor: deps.actor,
			action: "callback.replay",
			target: file.name,
			data: { job: facts.job_id, submission: submissionId, was: file.why },
		});
	}
	try {
		const { outcome, reason } = await applyReport(deps.db, {
			submissionId,
			report: read.report,
			received: { ...read.received, bodySha },
		});
		await removeAside(deps.folder, file);
		return { file, outcome, reason };
	} catch (error) {
		if (isDatabaseUnavailable(error)) throw error;
		return stays(`it could not be applied: ${(error as Error).message}`);
	}
}
