import type { AppName } from "./entries.ts";
import type { Secrets } from "./secrets.ts";
import type { StackSettings } from "./settings.ts";

// Long enough for a simulated render, short enough for somebody who waits
// at a terminal.
const stopGraceS = "10";

/** What every process of the stack finds in its environment. */
export function createAppEnv(input: {
	settings: StackSettings;
	secrets: Secrets;
	databaseUrl: string;
}): Record<string, string | undefined> {
	const { settings, secrets, databaseUrl } = input;
	const simulator = `http://127.0.0.1:${settings.simulatorPort}`;
	return {
		STOP_GRACE_S: stopGraceS,
		// The simulator calls back, and customers' endpoints of a first try are
		// on this machine; with a real provider such addresses stay closed.
		...(settings.providerKey ? {} : { OUTBOUND_ALLOW_CIDRS: "127.0.0.0/8" }),
		...withoutEmpty(settings.env),
		...secrets,
		DATABASE_URL: databaseUrl,
		DATA_DIR: settings.dataDir,
		CALLBACK_BASE_URL: settings.callbackBaseUrl,
		API_PORT: String(settings.apiPort),
		WEBHOOK_PORT: String(settings.webhookPort),
		WORKER_PORT: String(settings.workerPort),
		SIMULATOR_PORT: String(settings.simulatorPort),
		...(settings.providerKey
			? {}
			: { SEE2AI_BASE_URL: simulator, SEE2AI_API_KEY: "sim-local" }),
	};
}

/** Where a process says whether it can serve. */
export function readinessUrl(settings: StackSettings, name: AppName): string {
	const base = baseUrls(settings)[name];
	return name === "simulator" ? `${base}/healthz` : `${base}/readyz`;
}

/** The address of each process on this machine. */
export function baseUrls(settings: StackSettings): Record<AppName, string> {
	const at = (port: number) => `http://127.0.0.1:${port}`;
	return {
		api: at(settings.apiPort),
		webhook: at(settings.webhookPort),
		worker: at(settings.workerPort),
		simulator: at(settings.simulatorPort),
	};
}

// An empty line in .env means the default, as an absent one does.
function withoutEmpty(
	env: Record<string, string | undefined>,
): Record<string, string | undefined> {
	return Object.fromEntries(Object.entries(env).filter(([, value]) => value));
}
