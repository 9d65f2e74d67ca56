import type { Database } from "@reelay/shared/store/database";
import { type ApiKeyOwner, listValidKeys } from "@reelay/shared/store/keys";
import type { Connection } from "./connection.ts";
import type { ReadHealth } from "./read-health.ts";
import { commentOf } from "./sse.ts";

export type KeyWatch = {
	/** Called when a stream was opened: it looks for as long as one is. */
	wake(): void;
	stop(): void;
};

/**
 * Ends the streams of keys that were revoked or have expired: a stream is one request, and would otherwise outlive its
 * key by days. One statement asks for all of them.
 */
export function watchKeys(
	{
		db,
		health,
		everyMs,
	}: { db: Database; health: ReadHealth; everyMs: number },
	open: ReadonlyMap<Connection, ApiKeyOwner>,
): KeyWatch {
	let timer: NodeJS.Timeout | undefined;
	const look = async () => {
		if (open.size === 0) return;
		const ids = new Set([...open.values()].map(({ keyId }) => keyId));
		const valid = new Set(await listValidKeys(db, [...ids]));
		for (const [connection, { keyId }] of open) {
			// A stream that was opened meanwhile had its key looked at just now.
			if (!ids.has(keyId) || valid.has(keyId)) continue;
			connection.end(commentOf("the API key is no longer valid"));
		}
		health.succeeded();
	};
	const wake = () => {
		if (open.size === 0) return;
		timer ??= setTimeout(async () => {
			await look().catch((error: unknown) => health.failed(error));
			if (timer === undefined) return;
			timer = undefined;
			wake();
		}, everyMs);
	};
	return {
		wake,
		stop() {
			clearTimeout(timer);
			timer = undefined;
		},
	};
}
