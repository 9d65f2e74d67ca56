import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { findFreePort } from "../ports.ts";
import { type RunningProcess, startProcess } from "../processes.ts";

/** The API as its users meet it: a process behind an address, with a database of its own. */
export type ApiProcess = {
	url: string;
	/** A key of every scope. */
	apiKey: string;
	/** Its database, for what a worker would write. */
	store: TestStore;
	/** Ends the process at once, and starts it again at the same address. */
	crash(): Promise<void>;
	restart(): Promise<void>;
	close(): Promise<void>;
};

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const args = [
	...["--conditions=reelay-source", "--import", "tsx"],
	join(root, "apps/api/src/main.ts"),
];

/** Starts the API from its sources. Nothing submits its jobs. */
export async function startApiProcess(
	env: Record<string, string> = {},
): Promise<ApiProcess> {
	const store = await openTestStore();
	const port = await findFreePort();
	const url = `http://127.0.0.1:${port}`;
	const apiKey = `rl_${randomBytes(24).toString("base64url")}`;
	const start = () =>
		startProcess({
			name: "api",
			args,
			cwd: root,
			readyUrl: `${url}/readyz`,
			env: {
				DATABASE_URL: store.url,
				API_PORT: String(port),
				BOOTSTRAP_API_KEY: apiKey,
				ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString("base64")}`,
				OUTBOUND_ALLOW_CIDRS: "127.0.0.0/8",
				STOP_GRACE_S: "5",
				LOG_LEVEL: "error",
				...env,
			},
		});
	let running: RunningProcess = await start().catch(async (error) => {
		await store.close();
		throw error;
	});
	return {
		url,
		apiKey,
		store,
		crash: () => running.kill("SIGKILL"),
		async restart() {
			running = await start();
		},
		async close() {
			await running.stop();
			await store.close();
		},
	};
}
