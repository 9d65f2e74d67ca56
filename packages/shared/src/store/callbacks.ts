import type { Database } from "./database.ts";
import type { ReceivedCallback } from "./settle.ts";

/**
 * Keeps a callback that we cannot act on, with the reason, so that it can be replayed once the parser understands it.
 * Returns false when the same bytes were kept before.
 */
export async function quarantineCallback(
	db: Database,
	submissionId: string,
	callback: ReceivedCallback & { reason: string },
): Promise<boolean> {
	const kept = await db.$executeRaw`
		insert into callback (submission_id, body_sha, body, kind, outcome, reason)
		values (${submissionId}, ${callback.bodySha}, ${callback.body}, ${callback.kind}, 'quarantined', ${callback.reason})
		on conflict do nothing`;
	return kept > 0;
}
