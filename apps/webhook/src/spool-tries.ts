/**
 * How often processes have died of one file of the spool. The count stands in its name: a try raises it, and whoever
 * comes back takes it back, so only a process that died leaves it raised.
 */
import { rename, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

// As many deaths, and the callback is what they have in common.
export const maxTries = 5;

// Longer than Postgres may keep a receiver waiting, so that what another one is applying is left alone.
const tryLeaseMs = 30_000;

/** What stands in a file's name: a stem that sorts by arrival, and how many processes have begun with it and not come back. */
export type Kept = { name: string; stem: string; tries: number };

/** Those that nobody died of come first. */
export function inTurn(names: readonly string[]): Kept[] {
	return names
		.map((name) => {
			const [, stem = "", tries = "0"] =
				/^(.*?)(?:\.try(\d+))?\.json$/.exec(name) ?? [];
			return { name, stem, tries: Number(tries) };
		})
		.sort((a, b) => a.tries - b.tries);
}

/** Returns the file's new name. Where it cannot be renamed it is applied all the same: that frees a full disk. */
export async function countTry(
	folder: string,
	{ name, stem, tries }: Kept,
): Promise<string> {
	const file = join(folder, name);
	const tried = join(folder, `${stem}.try${tries + 1}.json`);
	try {
		// First, so that nobody finds the new name with an old time.
		const now = new Date();
		await utimes(file, now, now);
		return (await renameUnlessGone(file, tried)) ? tried : "gone";
	} catch (error) {
		return isMissing(error) ? "gone" : file;
	}
}

/** Whoever comes back takes the count back. */
export async function uncountTry(tried: string, file: string): Promise<void> {
	await rename(tried, file).catch(() => {});
}

/** Whether another receiver may still be applying it. */
export async function isUnderWay(
	folder: string,
	{ name, tries }: Kept,
): Promise<boolean> {
	return tries > 0 && isYoung(join(folder, name), tryLeaseMs);
}

/** True of what is gone as well: there is nothing left to do with it. */
export async function isYoung(file: string, ms: number): Promise<boolean> {
	const found = await stat(file).catch(() => null);
	return found === null || Date.now() - found.mtimeMs < ms;
}

/** False when another receiver that drains the same folder was faster. */
export async function renameUnlessGone(
	from: string,
	to: string,
): Promise<boolean> {
	try {
		await rename(from, to);
		return true;
	} catch (error) {
		if (isMissing(error)) return false;
		throw error;
	}
}

export const isMissing = (error: unknown) =>
	(error as NodeJS.ErrnoException).code === "ENOENT";
