/**
 * The receiver's memory while Postgres is away. One callback is one file: written, fsynced, renamed into place, and the
 * folder fsynced, before the provider is answered. So a crash leaves either nothing, and the provider sends again, or a
 * whole file that the next drain applies. Applying is idempotent, so a crash between the commit and the removal, or two
 * receivers that drain one folder, change nothing.
 *
 * A file holds the submission's id and the redacted body, never the token.
 */
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

export type SpooledCallback = {
	submissionId: string;
	/** SHA-256 of the body as it was received, so that a duplicate is still told from a new report. */
	bodySha: Buffer;
	body: string;
};

export type Spool = {
	/** Resolves when the callback is safe on disk; rejects when it is not (a full disk), and then nothing is left of it. */
	keep(callback: SpooledCallback): Promise<void>;
	/**
	 * Applies what is kept, oldest first, and removes what was applied. Stops at the first failure, which it returns:
	 * the database is most likely still away. An unreadable file is set aside by name and never blocks the rest.
	 */
	drain(
		apply: (callback: SpooledCallback) => Promise<void>,
	): Promise<{ drained: number; failure: unknown }>;
	/** How many callbacks are kept. */
	depth(): Promise<number>;
};

const fileSchema = z.object({
	v: z.literal(1),
	submission_id: z.string().min(1),
	body_sha: z.base64(),
	body: z.string(),
});

/** Opens the folder, which is made if it is missing; rejects when it cannot be written. */
export async function openSpool(folder: string): Promise<Spool> {
	await mkdir(folder, { recursive: true, mode: 0o700 });
	await syncFolder(folder);
	let order = 0;

	async function kept(): Promise<string[]> {
		const names = await readdir(folder);
		return names.filter((name) => name.endsWith(".json")).sort();
	}

	return {
		async keep(callback) {
			order += 1;
			const sortable = `${Date.now()}-${String(order).padStart(9, "0")}`;
			const name = `${sortable}-${randomUUID()}`;
			const unfinished = join(folder, `${name}.tmp`);
			try {
				await writeAndSync(unfinished, encode(callback));
				await rename(unfinished, join(folder, `${name}.json`));
				await syncFolder(folder);
			} catch (error) {
				await rm(unfinished, { force: true });
				throw error;
			}
		},
		async drain(apply) {
			let drained = 0;
			for (const name of await kept()) {
				const file = join(folder, name);
				const callback = await decode(file);
				if (callback === "gone") continue;
				if (callback === "unreadable") {
					await rename(file, `${file}.unreadable`);
					continue;
				}
				try {
					await apply(callback);
				} catch (failure) {
					return { drained, failure };
				}
				await rm(file, { force: true });
				drained += 1;
			}
			return { drained, failure: null };
		},
		depth: async () => (await kept()).length,
	};
}

function encode(callback: SpooledCallback): string {
	return JSON.stringify({
		v: 1,
		submission_id: callback.submissionId,
		body_sha: callback.bodySha.toString("base64"),
		body: callback.body,
	});
}

async function decode(
	file: string,
): Promise<SpooledCallback | "gone" | "unreadable"> {
	let text: string;
	try {
		text = await readFile(file, "utf8");
	} catch (error) {
		// Another receiver that drains the same folder was faster.
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return "gone";
		throw error;
	}
	const parsed = fileSchema.safeParse(parseOrNull(text));
	if (!parsed.success) return "unreadable";
	return {
		submissionId: parsed.data.submission_id,
		bodySha: Buffer.from(parsed.data.body_sha, "base64"),
		body: parsed.data.body,
	};
}

function parseOrNull(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
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
