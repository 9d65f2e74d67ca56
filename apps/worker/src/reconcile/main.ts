/** Compares the provider's account with our submissions. Ends with 0 if they agree, 1 if they differ, 2 if one could not be asked. */
import { loadConfig } from "@reelay/shared/runtime/config";
import {
	databaseUrl,
	see2aiApiKey,
	see2aiBaseUrl,
} from "@reelay/shared/runtime/settings";
import { openDatabase } from "@reelay/shared/store/database";
import { z } from "zod";
import { describe } from "./describe.ts";
import { readArguments, usage } from "./read-arguments.ts";
import { reconcile } from "./reconcile.ts";

const schema = z.object({
	DATABASE_URL: databaseUrl,
	SEE2AI_API_KEY: see2aiApiKey,
	SEE2AI_BASE_URL: see2aiBaseUrl,
});
const statementTimeoutMs = 60_000;

async function main(): Promise<number> {
	// `npm run money:reconcile` starts it by its name.
	const [first, ...rest] = process.argv.slice(2);
	const given =
		first === undefined || first === "reconcile" ? rest : [first, ...rest];
	const asked = readOrNull(given);
	if (asked === null) return 2;
	const config = loadConfig(schema, process.env);
	const database = await openDatabase({
		url: config.DATABASE_URL,
		applicationName: "reelay-reconcile",
		poolSize: 1,
		statementTimeoutMs,
	});
	try {
		const provider = {
			baseUrl: config.SEE2AI_BASE_URL,
			apiKey: config.SEE2AI_API_KEY,
		};
		const report = await reconcile({ db: database.db, provider }, asked);
		const lines = asked.isJson ? [JSON.stringify(report)] : describe(report);
		for (const line of lines) console.log(line);
		return report.agrees ? 0 : 1;
	} finally {
		await database.close();
	}
}

function readOrNull(given: readonly string[]) {
	try {
		return readArguments(given, new Date());
	} catch (error) {
		console.error(`${(error as Error).message}\n\n${usage}`);
		return null;
	}
}

process.exitCode = await main().catch((error: Error) => {
	console.error(error.message);
	return 2;
});
