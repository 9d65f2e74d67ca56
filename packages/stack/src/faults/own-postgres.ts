import {
	chownSync,
	cpSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	statSync,
	symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@reelay/shared/testing/eventually";
import { expect } from "vitest";
import {
	type EmbeddedPostgres,
	startEmbeddedPostgres,
} from "../embedded-postgres.ts";

/** A Postgres that a test stops and starts under a running stage. */
export type OwnPostgres = {
	url: string;
	/** `fast` ends every session in order; `immediate` leaves the rest to the recovery, as a crash does. */
	stop(mode: "fast" | "immediate"): Promise<void>;
	/** On the same port and the same data. */
	start(): Promise<void>;
	/** Makes a folder that the server's user owns. */
	makeFolder(path: string): void;
	/** Keeps its log of writes in another folder from now on; it stops and starts for that. */
	moveWal(to: string): Promise<void>;
	close(): Promise<void>;
};

/** Starts it, durable: what was committed must outlive an immediate stop. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
	const folder = mkdtempSync(join(tmpdir(), "reelay-own-postgres-"));
	let server: EmbeddedPostgres = await startEmbeddedPostgres({ folder });
	const { port, url } = server;
	const start = async () => {
		server = await startEmbeddedPostgres({ folder, port });
	};
	const giveToServer = (path: string) => {
		const { uid, gid } = statSync(join(server.folder, "data"));
		chownSync(path, uid, gid);
	};
	return {
		url,
		async stop(mode) {
			if (mode === "immediate") {
				const { pid } = server;
				process.kill(pid, "SIGQUIT");
				await eventually(() => expect(() => process.kill(pid, 0)).toThrow());
			}
			await server.stop();
		},
		start,
		makeFolder(path) {
			mkdirSync(path);
			giveToServer(path);
		},
		async moveWal(to) {
			await server.stop();
			const from = join(server.folder, "data", "pg_wal");
			cpSync(from, to, { recursive: true });
			for (const path of [to, ...listBelow(to)]) giveToServer(path);
			rmSync(from, { recursive: true });
			symlinkSync(to, from);
			await start();
		},
		async close() {
			await server.stop();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

function listBelow(folder: string): string[] {
	return readdirSync(folder, { recursive: true }).map((name) =>
		join(folder, String(name)),
	);
}
