import { existsSync } from "node:fs";
import { join } from "node:path";
import { baseUrls } from "../app-env.ts";
import { loadSecrets } from "../secrets.ts";
import type { StackSettings } from "../settings.ts";
import type { Target } from "./run-demo.ts";

const answerTimeoutMs = 3_000;

/** A stack, or why there is none to use. */
export type FoundStack =
	| { target: Target; reason?: never }
	| { target: null; reason: string };

/**
 * Looks for a running stack where the settings say that it is, and for its
 * secrets. One of another folder is none of ours. Throws a sentence for a
 * stack that is ours and cannot be used.
 */
export async function findStack(settings: StackSettings): Promise<FoundStack> {
	const urls = baseUrls(settings);
	const readiness = await askJson(`${urls.api}/readyz`);
	if (typeof readiness?.body.status !== "string") {
		return { target: null, reason: `No stack answers at ${urls.api}` };
	}
	const secrets = findSecrets(settings);
	if (!secrets) {
		const place = join(settings.dataDir, "secrets.json");
		const reason = `The stack at ${urls.api} is not the one of this folder (its key is neither in the environment nor in ${place})`;
		return { target: null, reason };
	}
	if (!readiness.isOk) {
		throw new Error(
			`The stack at ${urls.api} is not ready: ${JSON.stringify(readiness.body)}`,
		);
	}
	if (await isRefused(urls.api, secrets.BOOTSTRAP_API_KEY)) {
		throw new Error(
			`The stack at ${urls.api} refuses this folder's key, so it is another folder's or has another database. Stop it, set API_PORT, or use --own.`,
		);
	}
	return {
		target: {
			apiUrl: urls.api,
			apiKey: secrets.BOOTSTRAP_API_KEY,
			webhookSecret: secrets.WEBHOOK_SECRET,
			simulatorUrl: await findSimulator(settings, urls.simulator),
		},
	};
}

// Looked for only where they are: loading would make what is missing.
function findSecrets({ dataDir, env }: StackSettings) {
	const { BOOTSTRAP_API_KEY, WEBHOOK_SECRET } = env;
	if (BOOTSTRAP_API_KEY && WEBHOOK_SECRET) {
		return { BOOTSTRAP_API_KEY, WEBHOOK_SECRET };
	}
	const isKept = existsSync(join(dataDir, "secrets.json"));
	return isKept ? loadSecrets(dataDir, env) : null;
}

async function isRefused(apiUrl: string, key: string): Promise<boolean> {
	const response = await fetch(`${apiUrl}/v1/jobs?limit=1`, {
		headers: { authorization: `Bearer ${key}` },
		signal: AbortSignal.timeout(answerTimeoutMs),
	});
	await response.body?.cancel();
	return response.status === 401;
}

// With a key the stack runs no simulator, and one that answers all the same
// is another stack's.
async function findSimulator(
	{ providerKey }: StackSettings,
	url: string,
): Promise<string | null> {
	if (providerKey) return null;
	const answer = await askJson(`${url}/control`);
	return answer?.isOk && answer.body.routes ? url : null;
}

async function askJson(
	url: string,
): Promise<{ isOk: boolean; body: Record<string, unknown> } | null> {
	try {
		const signal = AbortSignal.timeout(answerTimeoutMs);
		const response = await fetch(url, { signal });
		const body: unknown = await response.json();
		if (typeof body !== "object" || body === null) return null;
		return { isOk: response.ok, body: body as Record<string, unknown> };
	} catch {
		return null;
	}
}
