import { isDatabaseUnavailable } from "@reelay/shared/store/database";
import type { CallbackProvider } from "../providers/see2ai.ts";
import type { Spool, SpooledCallback } from "../spool.ts";
import {
	type ReceiveCallbackDeps,
	receiveCallback,
} from "./receive-callback.ts";

export type DrainSpoolDeps = ReceiveCallbackDeps & {
	spool: Spool;
	providers: readonly CallbackProvider[];
};

/**
 * One pass over what was spooled: applies it in the order of arrival until the database is away again. Returns how many
 * were applied. Any number of receivers may drain one folder, for each callback's effect is written once.
 */
export async function drainSpool(
	deps: DrainSpoolDeps,
	isStopping?: () => boolean,
): Promise<number> {
	const { logger, spool } = deps;
	const { drained, setAside, failure } = await spool.drain(
		(callback) => applySpooled(deps, callback),
		isStopping,
	);
	if (drained > 0) logger.info({ drained }, "spool.drained");
	if (setAside.length > 0) {
		logger.error({ files: setAside }, "spool.filesSetAside");
	}
	if (failure !== null) {
		const left = await spool.depth();
		logger.warn({ left, err: failure }, "spool.drainStopped");
	}
	return drained;
}

async function applySpooled(
	deps: DrainSpoolDeps,
	callback: SpooledCallback,
): Promise<"applied" | "refused"> {
	try {
		await apply(deps, callback);
		return "applied";
	} catch (error) {
		if (isDatabaseUnavailable(error)) throw error;
		// One that Postgres refuses must not hold back the results of others, and is not thrown away either.
		const submission_id = callback.submissionId;
		deps.logger.error({ submission_id, err: error }, "spool.applyFailed");
		return "refused";
	}
}

async function apply(
	deps: DrainSpoolDeps,
	{ provider: name, submissionId, bodySha, body }: SpooledCallback,
): Promise<void> {
	const provider = deps.providers.find((known) => known.name === name);
	if (provider === undefined) {
		throw new Error(`this receiver knows no provider named ${name}`);
	}
	const { report, received } = provider.read(Buffer.from(body), submissionId);
	// The hash is that of the bytes as they came, so that a duplicate of them is known.
	await receiveCallback(deps, {
		submissionId,
		report,
		received: { ...received, bodySha },
	});
}

/** Drains at the given pace until it is stopped; passes do not overlap, and a stop waits for one callback at most. */
export function startDraining(
	deps: DrainSpoolDeps,
	everyMs: number,
): { stop(): Promise<void> } {
	let stopping = false;
	let timer: NodeJS.Timeout | undefined;
	let pass: Promise<unknown> = Promise.resolve();
	const schedule = () => {
		if (stopping) return;
		timer = setTimeout(() => {
			pass = drainSpool(deps, () => stopping)
				.catch((error: unknown) =>
					deps.logger.error({ err: error }, "spool.drainFailed"),
				)
				.finally(schedule);
		}, everyMs);
	};
	schedule();
	return {
		async stop() {
			stopping = true;
			clearTimeout(timer);
			await pass;
		},
	};
}
