import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createBanner, findWarning } from "./banner.ts";
import { endWithParent } from "./end-with-parent.ts";
import { builtEntries, watchedEntries } from "./entries.ts";
import { openLogs } from "./logs.ts";
import { loadStackSettings } from "./settings.ts";
import { startStack } from "./start.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

async function main(isWatching: boolean): Promise<void> {
	const ending = new AbortController();
	// npm passes Ctrl-C on to a process that the terminal has told already; the
	// second signal changes nothing.
	const end = (exitCode: number) => {
		process.exitCode ??= exitCode;
		ending.abort(new Error("The start was interrupted."));
	};
	process.on("SIGINT", () => end(0)).on("SIGTERM", () => end(0));
	if (process.env.npm_lifecycle_event) endWithParent(() => end(0));

	const dotenv = join(root, ".env");
	if (existsSync(dotenv)) process.loadEnvFile(dotenv);
	const settings = loadStackSettings(process.env, root);
	const logs = openLogs({ dataDir: settings.dataDir, isVerbose: isWatching });
	const stack = await startStack({
		settings,
		entries: isWatching ? watchedEntries(root) : builtEntries(root),
		signal: ending.signal,
		onProgress: (sentence) => console.log(sentence),
		onLine: logs.write,
		onFailure: (sentence) => {
			if (ending.signal.aborted) return;
			console.error(`\n${sentence}\n\nEverything else is stopped.`);
			end(1);
		},
	});
	console.log(
		createBanner(settings, {
			apiKey: stack.secrets.BOOTSTRAP_API_KEY,
			databaseUrl: stack.databaseUrl,
		}),
	);
	const warning = findWarning(settings);
	if (warning) console.warn(`${warning}\n`);

	if (!ending.signal.aborted) {
		await new Promise((resolve) =>
			ending.signal.addEventListener("abort", resolve),
		);
	}
	console.log("Stopping …");
	await stack.stop();
	console.log("Stopped.");
}

await main(process.argv[2] === "dev").catch((error: Error) => {
	if (process.exitCode === undefined) {
		console.error(`\n${error.message}`);
		process.exitCode = 1;
	}
});
process.exit();
