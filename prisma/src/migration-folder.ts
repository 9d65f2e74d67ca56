import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type Migration = {
	name: string;
	sql: string;
	checksum: string;
	/** Of texts that were once released under this name. A database that has applied one has what it needs. */
	formerChecksums: readonly string[];
};

/** The migrations that ship with this package; the same from src and dist. */
export const shippedMigrations = fileURLToPath(
	new URL("../migrations", import.meta.url),
);

/** Every migration of the folder in the order in which they apply. */
export async function readMigrations(folder: string): Promise<Migration[]> {
	const entries = await readdir(folder, { withFileTypes: true });
	const names = entries
		.filter((entry) => entry.isDirectory())
		.map((entry) => entry.name)
		.sort();
	return Promise.all(
		names.map(async (name) => {
			const sql = await readFile(join(folder, name, "migration.sql"), "utf8");
			// The same digest as Prisma's, so that its command line agrees.
			const checksum = createHash("sha256").update(sql).digest("hex");
			const formerChecksums = await readFormer(join(folder, name));
			return { name, sql, checksum, formerChecksums };
		}),
	);
}

async function readFormer(folder: string): Promise<string[]> {
	const text = await readFile(
		join(folder, "former-checksums.txt"),
		"utf8",
	).catch((error: NodeJS.ErrnoException) => {
		if (error.code === "ENOENT") return "";
		throw error;
	});
	return text.split("\n").filter((line) => /^[0-9a-f]{64}$/.test(line));
}
