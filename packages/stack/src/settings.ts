import { resolve } from "node:path";

export type StackSettings = {
	apiPort: number;
	webhookPort: number;
	workerPort: number;
	simulatorPort: number;
	/** 0 takes a free one at each start. */
	postgresPort: number;
	dataDir: string;
	databaseUrl: string | null;
	redisUrl: string | null;
	/** Null runs the simulator in the provider's place. */
	providerKey: string | null;
	callbackBaseUrl: string;
	/** What the apps inherit. */
	env: Record<string, string | undefined>;
};

const defaultPorts = {
	API_PORT: 3000,
	WEBHOOK_PORT: 3001,
	WORKER_PORT: 3002,
	SIMULATOR_PORT: 3003,
	POSTGRES_PORT: 0,
};

/**
 * Reads what the stack itself needs and leaves the rest to the apps, which
 * check their own. Throws every mistake at once.
 */
export function loadStackSettings(
	env: Record<string, string | undefined>,
	root: string,
): StackSettings {
	const problems: string[] = [];
	const port = (name: keyof typeof defaultPorts): number => {
		const text = env[name] || String(defaultPorts[name]);
		const value = Number(text);
		if (/^\d{1,5}$/.test(text) && value <= 65_535) return value;
		problems.push(`${name} must be a port from 0 to 65535, and is "${text}".`);
		return 0;
	};
	const webhookPort = port("WEBHOOK_PORT");
	const settings: StackSettings = {
		apiPort: port("API_PORT"),
		webhookPort,
		workerPort: port("WORKER_PORT"),
		simulatorPort: port("SIMULATOR_PORT"),
		postgresPort: port("POSTGRES_PORT"),
		dataDir: resolve(root, env.DATA_DIR || ".reelay"),
		databaseUrl: env.DATABASE_URL || null,
		redisUrl: env.REDIS_URL || null,
		providerKey: env.SEE2AI_API_KEY || null,
		callbackBaseUrl: env.CALLBACK_BASE_URL || `http://127.0.0.1:${webhookPort}`,
		env,
	};
	if (!URL.canParse(settings.callbackBaseUrl)) {
		problems.push(
			`CALLBACK_BASE_URL must be a URL, and is "${settings.callbackBaseUrl}".`,
		);
	}
	if (problems.length > 0) throw new Error(problems.join("\n"));
	return settings;
}

/** The provider could never reach a receiver at such an address. */
export function isLoopback(url: string): boolean {
	return /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);
}
