/**
 * The files of the spool that no drain takes up any more: those that are no callbacks of this version, and those of which
 * several receivers died. They stay until somebody has them applied (`npm run callbacks:replay`), in a process of its own,
 * or takes their ending away.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { decodeSpooled, type SpooledCallback } from "./spool-file.ts";
import { isMissing } from "./spool-tries.ts";

/** Why a file was set aside; its name ends so. */
export type AsideReason = "unreadable" | "fatal";

export type AsideFile = {
	name: string;
	why: AsideReason;
	keptAt: Date;
	/** What today's version reads in it; null when it is still no callback. */
	callback: SpooledCallback | null;
};

/** The files that are set aside, oldest first; none where there is no such folder. */
export async function listAside(folder: string): Promise<AsideFile[]> {
	const found: AsideFile[] = [];
	for (const { name, why } of await namesAside(folder)) {
		const file = join(folder, name);
		const callback = await decodeSpooled(file);
		const stats = await stat(file).catch(() => null);
		if (callback === "gone" || stats === null) continue;
		found.push({
			name,
			why,
			keptAt: stats.mtime,
			callback: callback === "unreadable" ? null : callback,
		});
	}
	return found;
}

/** How many there are, by why. */
export async function countAside(
	folder: string,
): Promise<Record<AsideReason, number>> {
	const names = await namesAside(folder);
	const count = (why: AsideReason) =>
		names.filter((file) => file.why === why).length;
	return { unreadable: count("unreadable"), fatal: count("fatal") };
}

/** Removes a file whose callback has been applied. */
export async function removeAside(
	folder: string,
	{ name }: AsideFile,
): Promise<void> {
	await rm(join(folder, name), { force: true });
}

async function namesAside(
	folder: string,
): Promise<{ name: string; why: AsideReason }[]> {
	const names = await readdir(folder).catch((error: unknown) => {
		if (isMissing(error)) return [];
		throw error;
	});
	return names.sort().flatMap((name) => {
		const [, why] = /\.json\.(unreadable|fatal)$/.exec(name) ?? [];
		return why === undefined ? [] : { name, why: why as AsideReason };
	});
}
