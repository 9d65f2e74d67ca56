import { type AppName, builtEntries } from "../entries.ts";
import type { Stage } from "../journeys/stage.ts";
import { findFreePort } from "../ports.ts";
import { type RunningProcess, startProcess } from "../processes.ts";

/** A process that runs beside the stack's own of that name, on a port of its own. */
export type Beside = {
	app: AppName;
	url: string;
	process: RunningProcess;
};

const portNames = {
	api: "API_PORT",
	worker: "WORKER_PORT",
	webhook: "WEBHOOK_PORT",
	simulator: "SIMULATOR_PORT",
} as const;

/** Starts it from the built repository at `root`; whoever calls this stops it before the stage closes. */
export async function startBeside(
	stage: Stage,
	app: Exclude<AppName, "simulator">,
	{ root, env = {} }: { root: string; env?: Record<string, string> },
): Promise<Beside> {
	const port = await findFreePort();
	const url = `http://127.0.0.1:${port}`;
	const process = await startProcess({
		name: `another ${app}`,
		args: builtEntries(root)[app],
		env: { ...stage.env, ...env, [portNames[app]]: String(port) },
		readyUrl: `${url}/readyz`,
	});
	return { app, url, process };
}
