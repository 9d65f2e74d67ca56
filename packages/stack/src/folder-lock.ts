import {
	linkSync,
	mkdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { findProcess } from "./process-identity.ts";

type Owner = { pid: number; startedAt: string };

/**
 * Claims a folder for this process and returns the function that lets it go.
 * Throws a sentence while another living process holds it. A holder that died
 * without letting go, by SIGKILL or by a power cut, holds nothing.
 */
export function lockFolder(folder: string): () => void {
	makeFolder(folder);
	const file = join(folder, "owner.json");
	const own = `${file}.${process.pid}`;
	const startedAt = findProcess(process.pid)?.startedAt ?? "";
	writeFileSync(own, JSON.stringify({ pid: process.pid, startedAt }));
	try {
		while (!tryLink(own, file)) {
			const owner = readOwner(file);
			if (owner && findProcess(owner.pid)?.startedAt === owner.startedAt) {
				throw new Error(
					`${folder} is in use by process ${owner.pid}; stop that one first, or set DATA_DIR to another folder.`,
				);
			}
			rmSync(file, { force: true });
		}
	} finally {
		rmSync(own, { force: true });
	}
	return () => rmSync(file, { force: true });
}

/** Makes a folder, or says in one sentence why it cannot be written. */
export function makeFolder(folder: string): void {
	try {
		mkdirSync(folder, { recursive: true });
		const probe = join(folder, `.probe.${process.pid}`);
		writeFileSync(probe, "");
		rmSync(probe);
	} catch (error) {
		throw new Error(
			`${folder} cannot be written (${(error as NodeJS.ErrnoException).code}); set DATA_DIR to a folder that can.`,
			{ cause: error },
		);
	}
}

// A link appears whole or not at all, so nobody reads a half-written owner.
function tryLink(from: string, to: string): boolean {
	try {
		linkSync(from, to);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw error;
	}
}

function readOwner(file: string): Owner | null {
	try {
		return JSON.parse(readFileSync(file, "utf8")) as Owner;
	} catch {
		return null;
	}
}
