/** Seals what is sealed with former keys with the first of ENCRYPTION_KEYS. Ends with 1 when something could not be opened. */
import { loadConfig } from "@reelay/shared/runtime/config";
import { databaseUrl, encryptionKeys } from "@reelay/shared/runtime/settings";
import { openDatabase } from "@reelay/shared/store/database";
import { z } from "zod";
import { resealAll } from "./reseal-all.ts";

const schema = z.object({
	DATABASE_URL: databaseUrl,
	ENCRYPTION_KEYS: encryptionKeys,
});

async function main(): Promise<number> {
	const config = loadConfig(schema, process.env);
	const database = await openDatabase({
		url: config.DATABASE_URL,
		applicationName: "reelay-reseal",
		poolSize: 1,
	});
	try {
		const { resealed, unopened } = await resealAll(
			database.db,
			config.ENCRYPTION_KEYS,
		);
		const { id } = config.ENCRYPTION_KEYS.signing;
		console.log(`${resealed} sealed anew with the key ${id}.`);
		for (const one of unopened) {
			console.error(
				`No key of ENCRYPTION_KEYS opens the ${one.place} of ${one.id}: put its key back and run this again.`,
			);
		}
		return unopened.length === 0 ? 0 : 1;
	} finally {
		await database.close();
	}
}

process.exitCode = await main().catch((error: Error) => {
	console.error(error.message);
	return 1;
});
