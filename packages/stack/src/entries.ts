import { join } from "node:path";

export type AppName = "api" | "worker" | "webhook" | "simulator";

/** For each process, the arguments of Node: flags, then the script. */
export type StackEntries = Record<AppName, string[]>;

const folders: Record<AppName, string> = {
	api: "apps/api",
	worker: "apps/worker",
	webhook: "apps/webhook",
	simulator: "packages/simulator",
};

/** The processes as they were built. */
export function builtEntries(root: string): StackEntries {
	return entries((folder) => [
		"--enable-source-maps",
		join(root, folder, "dist/main.js"),
	]);
}

/** The processes from their sources, started again whenever those change. */
export function watchedEntries(root: string): StackEntries {
	return entries((folder) => [
		"--watch",
		"--watch-preserve-output",
		"--conditions=reelay-source",
		"--import",
		"tsx",
		join(root, folder, "src/main.ts"),
	]);
}

function entries(make: (folder: string) => string[]): StackEntries {
	return {
		api: make(folders.api),
		worker: make(folders.worker),
		webhook: make(folders.webhook),
		simulator: make(folders.simulator),
	};
}
