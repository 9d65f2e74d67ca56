import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endWithParent } from "../end-with-parent.ts";
import { demo } from "./demo.ts";
import { parseOptions, usage } from "./options.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

// Longer than it takes to stop every process, those that must be killed too.
const stopLimitMs = 45_000;

async function main(): Promise<number> {
	const ending = new AbortController();
	const { signal } = ending;
	// npm passes Ctrl-C on to a process that the terminal has told already; the
	// second signal changes nothing.
	const interrupt = () => ending.abort(new Error("The demo was interrupted."));
	process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
	if (process.env.npm_lifecycle_event) endWithParent(interrupt);
	signal.addEventListener("abort", () => {
		setTimeout(() => process.exit(1), stopLimitMs).unref();
	});

	const dotenv = join(root, ".env");
	if (existsSync(dotenv)) process.loadEnvFile(dotenv);
	const args = process.argv.slice(2);
	// `npm run demo` comes here by a script that takes its own name first.
	if (args[0] === "demo") args.shift();
	try {
		const options = parseOptions(args);
		if (options.isHelp) {
			console.log(usage);
			return 0;
		}
		const { env, stdout: terminal } = process;
		const isRight = await demo({ options, env, root, terminal, ending });
		return isRight ? 0 : 1;
	} catch (error) {
		const reason = signal.aborted ? signal.reason : error;
		console.error(`\n${(reason as Error).message}`);
		return 1;
	}
}

process.exit(await main());
