#!/usr/bin/env node
import { pino } from "pino";
import { loadConfig } from "./config.ts";
import { startSimulator } from "./start.ts";

async function main(): Promise<void> {
	const loaded = loadConfig(process.env);
	if (!loaded.ok) {
		const lines = loaded.mistakes.map((mistake) => `  ${mistake}\n`);
		process.stderr.write(`The settings are wrong:\n${lines.join("")}`);
		process.exitCode = 1;
		return;
	}
	const { start, logLevel } = loaded.config;
	const logger = pino({ name: "simulator", level: logLevel });
	const simulator = await startSimulator({ ...start, logger });
	logger.info(
		{
			event: "simulator.listening",
			url: simulator.url,
			control: `${simulator.url}/control`,
			keys: start.keys ? `${start.keys.length} accepted` : "any but bad-…",
			balance: start.balance,
			rate: start.rate,
			concurrency: start.concurrency,
			...start.behaviour,
		},
		"simulator.listening",
	);

	let isStopping = false;
	for (const signal of ["SIGTERM", "SIGINT"] as const)
		process.on(signal, () => {
			if (isStopping) return;
			isStopping = true;
			logger.info({ event: "simulator.stopped", signal }, "simulator.stopped");
			void simulator.close();
		});
}

main().catch((error: unknown) => {
	const message = error instanceof Error ? error.message : String(error);
	process.stderr.write(`${message}\n`);
	process.exitCode = 1;
});
