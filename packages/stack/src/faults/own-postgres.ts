import { mkdtempSync, rmSync } from "node:fs";
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
	close(): Promise<void>;
};

/** Starts it, durable: what was committed must outlive an immediate stop. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
	const folder = mkdtempSync(join(tmpdir(), "reelay-own-postgres-"));
	let server: EmbeddedPostgres = await startEmbeddedPostgres({ folder });
	const { port, url } = server;
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
		async start() {
			server = await startEmbeddedPostgres({ folder, port });
		},
		async close() {
			await server.stop();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
