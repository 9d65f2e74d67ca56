import { expect } from "vitest";
import type { FaultStage } from "./stage.ts";

/**
 * Every answered request is one job, every job is paid once, no more are rendered at once than may be, and the auditor finds
 * nothing. Returns how many were charged.
 */
export async function expectPaidOnce(
	stage: FaultStage,
	ids: readonly string[],
	maxConcurrent: number,
): Promise<number> {
	expect(ids.length).toBeGreaterThan(0);
	expect(new Set(ids).size).toBe(ids.length);
	await stage.audit(ids);
	const { totals } = await stage.simulator("/ledger?limit=1");
	expect(totals).toMatchObject({
		accepted_posts: ids.length,
		charged_posts: ids.length,
	});
	expect(totals.max_concurrent).toBeLessThanOrEqual(maxConcurrent);
	return totals.charged_posts;
}
