import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

const retryMs = 250;

// What a server says, or its absence says, while it is still on its way up.
const startingCodes = new Set([
	"ECONNREFUSED",
	"ECONNRESET",
	"ENOTFOUND",
	"EAI_AGAIN",
	"ETIMEDOUT",
	"57P03", // cannot_connect_now
]);

/**
 * One connection of its own, outside every pool. A database that is still
 * starting is waited for until the wait is over; any other refusal is thrown
 * at once.
 */
export async function connectWhenReady(
	url: string,
	waitMs: number,
): Promise<pg.Client> {
	const giveUpAt = Date.now() + waitMs;
	for (;;) {
		const client = new pg.Client({
			connectionString: url,
			application_name: "reelay-migrate",
			connectionTimeoutMillis: 5_000,
			keepAlive: true,
		});
		// A connection lost between two statements must not end the process: the
		// next statement fails and says so.
		client.on("error", () => {});
		try {
			await client.connect();
			return client;
		} catch (error) {
			await client.end().catch(() => {});
			if (!isStarting(error)) throw error;
			if (Date.now() + retryMs > giveUpAt) {
				throw new Error(
					`The database did not answer within ${waitMs / 1000} s: ${(error as Error).message || (error as { code?: string }).code}`,
					{ cause: error },
				);
			}
			await delay(retryMs);
		}
	}
}

function isStarting(error: unknown): boolean {
	const { code, message } = error as { code?: string; message?: string };
	return (
		startingCodes.has(code ?? "") ||
		(message ?? "").includes("Connection terminated") ||
		(message ?? "").includes("timeout expired")
	);
}
