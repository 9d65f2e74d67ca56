import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of a few megabytes that a test fills and empties. */
export type SmallDisk = {
	folder: string;
	/** Leaves not one byte. */
	fill(): Promise<void>;
	/** What filled it goes. */
	makeRoom(): Promise<void>;
	unmount(): void;
};

const chunk = Buffer.alloc(64 * 1024);

/** Mounts it, or returns null where that is not allowed. Root may write into any folder but a full one. */
export function mountSmallDisk(megabytes: number): SmallDisk | null {
	const folder = mkdtempSync(join(tmpdir(), "reelay-small-disk-"));
	// Postgres runs as another user, who has to come in.
	const options = `size=${megabytes}m,mode=0755`;
	try {
		execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], {
			stdio: "ignore",
		});
	} catch {
		rmSync(folder, { recursive: true });
		return null;
	}
	const ballast = join(folder, "ballast");
	return {
		folder,
		async fill() {
			const file = await open(ballast, "a");
			try {
				// Space may be given back while it is filled.
				while (statfsSync(folder).bfree > 0) {
					await file.write(chunk).catch(ignoreFull);
				}
			} finally {
				await file.close();
			}
		},
		makeRoom: () => rm(ballast, { force: true }),
		unmount() {
			// Lazily: a process that is about to end may still hold a file of it.
			execFileSync("umount", ["--lazy", folder]);
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

function ignoreFull(error: NodeJS.ErrnoException): void {
	if (error.code !== "ENOSPC") throw error;
}
