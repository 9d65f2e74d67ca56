import type { Logger } from "@reelay/shared/runtime/logger";
import type { Database } from "@reelay/shared/store/database";
import { listOldestTransactions } from "@reelay/shared/store/open-transactions";
import type { Sweep } from "./sweep/every.ts";

export type WatchTransactionsDeps = {
	db: Database;
	logger: Logger;
	/** From this age on a transaction is worth a warning at each look. */
	longS: number;
};

/** Looks for transactions that have been open for too long. It repairs nothing: to end one is an operator's decision. */
export function watchTransactions(deps: WatchTransactionsDeps): Sweep {
	return {
		name: "longTransactions",
		everyMs: 10_000,
		async pass() {
			for (const { age_s, ...open } of await listOldestTransactions(deps.db)) {
				if (age_s < deps.longS) continue;
				deps.logger.warn(
					{ ...open, age_s: Math.round(age_s) },
					"database.longTransaction",
				);
			}
			return 0;
		},
	};
}
