import { eventually } from "@reelay/shared/testing/eventually";
import { expect } from "vitest";
import type { AppName } from "../entries.ts";
import type { FaultStage } from "./stage.ts";

// Long enough for a fault to begin while every job renders.
export const renderMs = 5_000;

/** Its callback is lost: what the worker was answered is all that will ever be known. */
const unreported = { prompt: 'no call [[sim: {"callback":{"lose":true}}]]' };

/** Jobs that are being rendered, the last of which the provider will not call back for. */
export async function createRendering(stage: FaultStage, count: number) {
	const ids: string[] = [];
	for (let n = 1; n < count; n += 1) ids.push(await stage.createJob());
	ids.push(await stage.createJob({ input: { ...unreported, duration: 3 } }));
	await eventually(async () => {
		const { totals } = await stage.simulator("/ledger");
		expect(totals.accepted_posts).toBe(count);
	});
	return ids;
}

export function pidsOf(stage: FaultStage, ...names: AppName[]) {
	return names.map((name) => stage.stack.processes.get(name)?.pid);
}

export function expectAlive(pids: readonly (number | undefined)[]) {
	for (const pid of pids) {
		expect(() => process.kill(pid ?? -1, 0)).not.toThrow();
	}
}
