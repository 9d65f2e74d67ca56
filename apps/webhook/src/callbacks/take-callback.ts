/**
 * Takes the responsibility for a callback: when it returns, the callback is committed in Postgres or safe on this
 * machine's disk, and the provider may be answered 200. When neither can be had it rejects, and the provider, answered
 * 503, sends again.
 */
import type { CallbackProvider } from "../providers/see2ai.ts";
import type { Spool } from "../spool.ts";
import {
	type ReceiveCallbackDeps,
	receiveCallback,
} from "./receive-callback.ts";

export type TakeCallbackDeps = ReceiveCallbackDeps & {
	spool: Pick<Spool, "keep">;
	/** How long Postgres may take; the provider waits 15 s for its answer. */
	commitTimeoutMs: number;
};

export type RawCallback = {
	provider: CallbackProvider;
	submissionId: string;
	body: Buffer;
};

/** Returns where the callback is now. A commit that comes after the timeout, beside the spooled copy, changes nothing. */
export async function takeCallback(
	deps: TakeCallbackDeps,
	{ provider, submissionId, body }: RawCallback,
): Promise<"committed" | "spooled"> {
	const { report, received } = provider.read(body, submissionId);
	try {
		await withTimeout(
			receiveCallback(deps, { submissionId, report, received }),
			deps.commitTimeoutMs,
		);
		return "committed";
	} catch (error) {
		const { bodySha, body: text } = received;
		await deps.spool
			.keep({ provider: provider.name, submissionId, bodySha, body: text })
			.catch((diskError: unknown) => {
				throw new AggregateError(
					[error, diskError],
					"neither Postgres nor the disk took the callback",
				);
			});
		deps.onReceived(report.kind, "spooled");
		deps.logger.warn(
			{ submission_id: submissionId, kind: report.kind, err: error },
			"callback.spooled",
		);
		return "spooled";
	}
}

async function withTimeout(work: Promise<void>, ms: number): Promise<void> {
	// After the timeout nobody waits for it any more, and its failure is no news.
	work.catch(() => {});
	let timer: NodeJS.Timeout | undefined;
	const timeout = new Promise<never>((_resolve, reject) => {
		timer = setTimeout(
			() => reject(new Error(`Postgres did not commit within ${ms} ms`)),
			ms,
		);
	});
	await Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}
