import { applyMigrations } from "./migrate.ts";

const usage = "Usage: DATABASE_URL=postgres://… main migrate";

async function migrate(url: string): Promise<void> {
	const { applied } = await applyMigrations({
		url,
		onApplied: (name) => console.log(`applied ${name}`),
	});
	if (applied.length === 0) console.log("The database is up to date.");
}

const url = process.env.DATABASE_URL;
if (process.argv[2] !== "migrate" || !url) {
	console.error(usage);
	process.exitCode = 2;
} else {
	await migrate(url).catch((error: Error) => {
		console.error(error.message);
		process.exitCode = 1;
	});
}
