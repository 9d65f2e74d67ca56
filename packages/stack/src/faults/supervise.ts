import { setTimeout as delay } from "node:timers/promises";
import type { AppName } from "../entries.ts";
import type { FaultStage } from "./stage.ts";

export type Supervisor = { stop(): Promise<void> };

/** Starts the process again whenever it has died, as whatever runs it in production does. */
export function supervise({ stack }: FaultStage, app: AppName): Supervisor {
	let stopping = false;
	const run = (async () => {
		while (!stopping) {
			// It may die again before it is ready, which a launch calls a failure.
			if (!isAlive(stack.processes.get(app)?.pid)) {
				await stack.launch(app).catch(() => {});
			}
			await delay(100);
		}
	})();
	return {
		async stop() {
			stopping = true;
			await run;
		},
	};
}

function isAlive(pid: number | undefined): boolean {
	try {
		return process.kill(pid ?? -1, 0);
	} catch {
		return false;
	}
}
