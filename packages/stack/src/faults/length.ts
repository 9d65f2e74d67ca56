import { setTimeout as delay } from "node:timers/promises";
import { inject } from "vitest";

declare module "vitest" {
	interface ProvidedContext {
		/** Whether faults last and weigh what the list of faults says, instead of what shows the same in less time. */
		fullLength: boolean;
	}
}

/** As much as the list of faults says, or what shows the same sooner. */
export const lasting = (fullLength: number, usual: number): number =>
	inject("fullLength") ? fullLength : usual;

/** Waits until a fault has lasted so long: its length is the fault. */
export const outlast = (startedAt: number, ms: number): Promise<void> =>
	delay(Math.max(0, startedAt + ms - Date.now()));
