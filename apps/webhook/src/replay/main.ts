/** Replays what was set aside. Ends with 1 while something stays so, with 2 when it was asked for what it does not know. */
import { join } from "node:path";
import { callbackId } from "@reelay/shared/domain/callback-record";
import { loadConfig } from "@reelay/shared/runtime/config";
import {
	databaseUrl,
	dataDir,
	resultHosts,
} from "@reelay/shared/runtime/settings";
import { openDatabase } from "@reelay/shared/store/database";
import { z } from "zod";
import { see2aiReader } from "../providers/see2ai.ts";
import {
	type ReplayArguments,
	readArguments,
	usage,
} from "./read-arguments.ts";
import { replayAll } from "./replay-all.ts";

const schema = z.object({
	DATABASE_URL: databaseUrl,
	DATA_DIR: dataDir,
	RESULT_HOSTS: resultHosts,
});

async function main(): Promise<number> {
	// `npm run callbacks:replay` starts it by its name.
	const [first, ...rest] = process.argv.slice(2);
	const given =
		first === undefined || first === "replay" ? rest : [first, ...rest];
	const asked = readOrNull(given);
	if (asked === null) return 2;
	const config = loadConfig(schema, process.env);
	const database = await openDatabase({
		url: config.DATABASE_URL,
		applicationName: "reelay-replay",
		poolSize: 1,
	});
	try {
		const { taken, left } = await replayAll(
			{
				db: database.db,
				folder: join(config.DATA_DIR, "spool"),
				readers: [see2aiReader(config.RESULT_HOSTS)],
				hosts: config.RESULT_HOSTS,
				actor: "callbacks:replay",
				onFailure: (id, error) =>
					console.error(`${callbackId(id)}: ${(error as Error).message}`),
				print: console.log,
				now: () => new Date(),
			},
			asked,
		);
		const would = asked.isDryRun ? "would be " : "";
		console.log(`${taken} ${would}taken up, ${left} ${would}left set aside.`);
		return left === 0 || asked.isDryRun ? 0 : 1;
	} finally {
		await database.close();
	}
}

function readOrNull(given: readonly string[]): ReplayArguments | null {
	try {
		return readArguments(given);
	} catch (error) {
		console.error(`${(error as Error).message}\n\n${usage}`);
		return null;
	}
}

process.exitCode = await main().catch((error: Error) => {
	console.error(error.message);
	return 1;
});
