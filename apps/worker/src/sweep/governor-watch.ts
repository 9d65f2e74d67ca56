import type { Logger } from "@reelay/shared/runtime/logger";
import type { Database } from "@reelay/shared/store/database";
import { findGovernorStatus } from "@reelay/shared/store/governor";
import type { Sweep } from "./every.ts";

const everyMs = 2_000;

/**
 * Repairs nothing: says in the log that the provider was closed for everyone, why, and that it is open again. What opens
 * again between two passes is told by the submissions' own lines alone.
 */
export function createGovernorWatch(db: Database, logger: Logger): Sweep {
	let known: string | null = null;
	return {
		name: "governorWatch",
		everyMs,
		async pass() {
			const status = await findGovernorStatus(db);
			const reason = status?.closed_reason ?? null;
			if (reason === known) return 0;
			if (reason === null) {
				logger.info({ reason: known }, "governor.opened");
			} else {
				const detail = status?.closed_detail;
				logger.warn({ reason, detail }, "governor.closed");
			}
			known = reason;
			return 0;
		},
	};
}
