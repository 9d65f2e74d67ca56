import { baseUrls } from "./app-env.ts";
import { isLoopback, type StackSettings } from "./settings.ts";

/** What a person needs to know once everything is ready. */
export function createBanner(
	settings: StackSettings,
	{ apiKey, databaseUrl }: { apiKey: string; databaseUrl: string },
): string {
	const urls = baseUrls(settings);
	const rows = [
		["API", urls.api],
		["Callbacks", `${urls.webhook} (reached as ${settings.callbackBaseUrl})`],
		["Worker", `${urls.worker}/metrics`],
		[
			"Provider",
			settings.providerKey ? "SEE2AI" : `simulator ${urls.simulator}`,
		],
		["Queue rings", settings.redisUrl ? "Redis" : "Postgres"],
		["Database", settings.databaseUrl ? "DATABASE_URL" : databaseUrl],
		["Data", settings.dataDir],
		["API key", apiKey],
	];
	const table = rows.map(([label, value]) => `  ${label?.padEnd(12)}${value}`);
	return `
Reelay is ready.

${table.join("\n")}

${settings.providerKey ? "Try it (SEE2AI charges for it)" : "Try it"}: this orders a video and looks at it five seconds later.

${createExample(urls.api, apiKey)}

Press Ctrl-C to stop.
`;
}

function createExample(api: string, apiKey: string): string {
	return `  KEY='${apiKey}'
  JOB=$(curl -s ${api}/v1/jobs -H "Authorization: Bearer $KEY" \\
    -H 'Content-Type: application/json' \\
    -d '{"input":{"prompt":"A paper boat on a rainy street"}}' \\
    | grep -o 'job_[0-9A-Za-z]*' | head -n 1)
  sleep 5; curl -s "${api}/v1/jobs/$JOB" -H "Authorization: Bearer $KEY"`;
}

/** What will not work with these settings, or null. */
export function findWarning(settings: StackSettings): string | null {
	if (!settings.providerKey || !isLoopback(settings.callbackBaseUrl)) {
		return null;
	}
	return `WARNING: SEE2AI cannot call back to ${settings.callbackBaseUrl}: it is an address of this machine.
Jobs will be submitted and charged. A result arrives only if the provider gives it in
its answer to the submission; otherwise the job waits as overdue and then fails.
Set CALLBACK_BASE_URL to a public address that leads to WEBHOOK_PORT ${settings.webhookPort}.`;
}
