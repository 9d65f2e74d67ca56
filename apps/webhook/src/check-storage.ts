import type { HealthCheck } from "@reelay/shared/runtime/health";
import type { Spool } from "./spool.ts";

/**
 * Whether a callback could be kept anywhere. The disk is asked first, because it answers at once: a Postgres that is
 * silent, and not gone, would use up the probe's time and take a receiver out of service that can spool.
 */
export function checkStorage(
	spool: Pick<Spool, "check">,
	database: { check: HealthCheck },
): HealthCheck {
	return async () => {
		const fault = await spool.check();
		if (fault === null || (await database.check()) === null) return null;
		return `Postgres does not answer, and ${fault}`;
	};
}
