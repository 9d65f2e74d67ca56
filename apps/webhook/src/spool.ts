/**
 * The receiver's memory while Postgres is away. One callback is one file: written, fsynced, renamed into place, and the
 * folder fsynced, before the provider is answered. So a crash leaves either nothing, and the provider sends again, or a
 * whole file that the next drain applies. Applying is idempotent, so a crash between the commit and the removal, or two
 * receivers that drain one folder, change nothing.
 *
 * While a callback is applied its file's name counts the try. Whoever comes back, with whatever result, takes the count
 * back; a process that dies of a callback does not. So such a callback waits behind all others, and after some deaths it
 * is set aside: it can neither block the others nor keep the receiver from running.
 *
 * A file holds the submission's id and the redacted body, never the token.
 */
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { countAside } from "./spool-aside.ts";
import {
	decodeSpooled,
	encodeSpooled,
	type SpooledCallback,
} from "./spool-file.ts";
import {
	countTry,
	inTurn,
	isUnderWay,
	isYoung,
	maxTries,
	renameUnlessGone,
	uncountTry,
} from "./spool-tries.ts";

export type { SpooledCallback } from "./spool-file.ts";

/** Rejects when there is no use in going on, because the database is away. */
export type ApplySpooled = (
	callback: SpooledCallback,
) => Promise<"applied" | "refused">;

/** What one pass did; `failure` is null when it came to the end. */
export type Drained = { drained: number; setAside: string[]; failure: unknown };

export type Spool = {
	/**
	 * Resolves when the callback is safe on disk. Rejects when it may not be (a full disk): it is then most likely not
	 * there, and the same one sent again does no harm if it is.
	 */
	keep(callback: SpooledCallback): Promise<void>;
	/**
	 * Applies what is kept, oldest first, and removes what was applied; what was refused stays for the next time, and
	 * blocks nothing. Stops when `apply` rejects, and returns why, and between two when the process is stopping. A file
	 * that is unreadable, or of which several processes died, is set aside by name. What a process that died left half
	 * written is removed once it is old.
	 */
	drain(apply: ApplySpooled, isStopping?: () => boolean): Promise<Drained>;
	/** How many callbacks are kept. */
	depth(): Promise<number>;
	/** How many files are set aside, by why: nothing takes them up by itself. */
	countAside(): Promise<Record<"unreadable" | "fatal", number>>;
	/** Null when a callback could be kept now, else a sentence that says why not. */
	check(): Promise<string | null>;
};

// Far longer than a write takes.
const unfinishedAfterMs = 10 * 60_000;

/** Opens the folder, which is made if it is missing; rejects when it cannot be. */
export async function openSpool(folder: string): Promise<Spool> {
	await mkdir(folder, { recursive: true, mode: 0o700 });
	await syncFolder(folder);
	await syncFolder(dirname(folder));
	let order = 0;
	return {
		keep(callback) {
			order += 1;
			const sortable = `${Date.now()}-${String(order).padStart(9, "0")}`;
			const name = `${sortable}-${randomUUID()}`;
			return writeWhole(folder, name, encodeSpooled(callback));
		},
		drain: (apply, isStopping = () => false) =>
			drainFolder({ folder, apply, isStopping }),
		depth: async () => (await listKept(folder)).length,
		countAside: () => countAside(folder),
		check: () => probe(folder),
	};
}

async function listKept(folder: string): Promise<string[]> {
	const names = await readdir(folder);
	return names.filter((name) => name.endsWith(".json")).sort();
}

async function writeWhole(
	folder: string,
	name: string,
	text: string,
): Promise<void> {
	const unfinished = join(folder, `${name}.tmp`);
	try {
		await writeAndSync(unfinished, text);
		await rename(unfinished, join(folder, `${name}.json`));
		await syncFolder(folder);
	} catch (error) {
		await removeIfPossible(unfinished);
		throw error;
	}
}

async function drainFolder({
	folder,
	apply,
	isStopping,
}: {
	folder: string;
	apply: ApplySpooled;
	isStopping: () => boolean;
}): Promise<Drained> {
	const done: Drained = { drained: 0, setAside: [], failure: null };
	await removeUnfinished(folder);
	for (const kept of inTurn(await listKept(folder))) {
		if (isStopping()) break;
		const { name, stem, tries } = kept;
		const file = join(folder, name);
		if (await isUnderWay(folder, kept)) continue;
		const callback = tries < maxTries ? await decodeSpooled(file) : "fatal";
		if (callback === "gone") continue;
		if (callback === "unreadable" || callback === "fatal") {
			const aside = join(folder, `${stem}.json.${callback}`);
			if (await renameUnlessGone(file, aside)) done.setAside.push(name);
			continue;
		}
		const tried = await countTry(folder, kept);
		if (tried === "gone") continue;
		try {
			const outcome = await apply(callback);
			if (outcome === "refused") {
				await uncountTry(tried, file);
				continue;
			}
		} catch (failure) {
			await uncountTry(tried, file);
			return { ...done, failure };
		}
		await rm(tried, { force: true });
		done.drained += 1;
	}
	return done;
}

async function removeUnfinished(folder: string): Promise<void> {
	for (const name of await readdir(folder)) {
		if (!name.endsWith(".tmp")) continue;
		const file = join(folder, name);
		if (!(await isYoung(file, unfinishedAfterMs))) await removeIfPossible(file);
	}
}

async function probe(folder: string): Promise<string | null> {
	const file = join(folder, `probe-${randomUUID()}.tmp`);
	try {
		await writeAndSync(file, "probe");
		return null;
	} catch (error) {
		return `the spool cannot be written (${(error as NodeJS.ErrnoException).code})`;
	} finally {
		await removeIfPossible(file);
	}
}

/** A drain ignores what cannot be removed; the failure that led here is the one to tell. */
async function removeIfPossible(file: string): Promise<void> {
	await rm(file, { force: true }).catch(() => {});
}

async function writeAndSync(file: string, text: string): Promise<void> {
	const handle = await open(file, "wx", 0o600);
	try {
		await handle.writeFile(text);
		await handle.sync();
	} finally {
		await handle.close();
	}
}

/** A rename is only durable once the folder that holds the name is. */
async function syncFolder(folder: string): Promise<void> {
	const handle = await open(folder, "r");
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}
