import { setTimeout as delay } from "node:timers/promises";
import { isStatementGivenUp } from "@reelay/shared/store/database";

// Deadlocks and timeouts pass in a moment. Each further try holds up a stop, and the lease repairs what is left.
const maxTries = 3;
const waitMs = 250;

/**
 * Runs a statement again that Postgres gave up, for the sake of a receiver that would hear the same event once more. Only
 * for what changes nothing the second time; while Postgres is away it is not tried again.
 */
export async function retryGivenUp<Result>(
	run: () => Promise<Result>,
): Promise<Result> {
	for (let tries = 1; ; tries += 1) {
		try {
			return await run();
		} catch (error) {
			if (tries >= maxTries || !isStatementGivenUp(error)) throw error;
			await delay(waitMs * tries);
		}
	}
}
