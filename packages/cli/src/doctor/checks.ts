import {
	createWebhookSecret,
	Reelay,
	signWebhook,
	verifyWebhook,
} from "@reelay/client";
import type { Settings } from "../command.ts";
import { type Answer, ask } from "./ask.ts";

/** What one check found, and what to do about it. */
export type Finding = {
	name: string;
	result: "ok" | "warning" | "failed" | "skipped";
	detail: string;
	fix: string | null;
};

export type Examination = {
	settings: Settings;
	signal: AbortSignal;
	workerUrl: string | null;
	receiverUrl: string | null;
	tell(finding: Finding): void;
};

// Half of what a webhook's age may be off, and all of it.
const warningSkewS = 30;
const failedSkewS = 300;

/** Makes every check in turn, tells each finding at once, and returns them all. */
export async function runChecks(exam: Examination): Promise<Finding[]> {
	const findings: Finding[] = [];
	const tell = (finding: Finding) => {
		findings.push(finding);
		exam.tell(finding);
	};
	const settings = checkSettings(exam.settings);
	settings.forEach(tell);
	const isSet = settings.every(({ result }) => result !== "failed");
	const alive = isSet ? await get(exam, "/healthz") : null;
	if (alive === null) tell(skipped("api", "the settings come first"));
	else tell(checkAlive(alive, exam.settings));
	const isAlive = alive?.status === 200;
	if (isAlive) {
		tell(checkReady("api ready", await get(exam, "/readyz")));
		tell(checkVersion(await get(exam, "/openapi.json")));
		tell(checkClock(alive));
		for (const finding of await checkKey(exam)) tell(finding);
	} else {
		for (const name of ["api ready", "api version", "clock", "key"]) {
			tell(skipped(name, "the api comes first"));
		}
	}
	tell(await checkOther(exam, "worker", exam.workerUrl));
	tell(await checkOther(exam, "receiver", exam.receiverUrl));
	tell(checkSignature(exam.settings.webhookSecret));
	return findings;
}

const get = ({ settings, signal }: Examination, path: string) =>
	ask(`${settings.url.replace(/\/+$/, "")}${path}`, { signal, key: null });

const ok = (name: string, detail: string): Finding => ({
	...{ name, detail },
	result: "ok",
	fix: null,
});
const failed = (name: string, detail: string, fix: string): Finding => ({
	...{ name, detail, fix },
	result: "failed",
});
const skipped = (name: string, detail: string): Finding => ({
	...{ name, detail },
	result: "skipped",
	fix: null,
});

function checkSettings({
	url,
	urlSource,
	apiKey,
	apiKeySource,
}: Settings): Finding[] {
	const address = faultOf("baseUrl", () => {
		new Reelay({ apiKey: "any", baseUrl: url });
	});
	const key = faultOf("apiKey", () => {
		new Reelay({ apiKey: apiKey ?? "", baseUrl: "http://127.0.0.1" });
	});
	return [
		address === null
			? ok("url", `${url} (${urlSource})`)
			: failed("url", address, "Set REELAY_URL to where the api is."),
		key === null
			? ok("api key", `is set (${apiKeySource})`)
			: failed(
					"api key",
					apiKey === null ? "is not set" : key,
					"Set REELAY_API_KEY. npm start prints a key; in production it is one that you made.",
				),
	];
}

function faultOf(word: string, check: () => void): string | null {
	try {
		check();
		return null;
	} catch (error) {
		return (error as Error).message.replace(word, "it");
	}
}

function checkAlive(answer: Answer, { url }: Settings): Finding {
	const { status, error, ms, json } = answer;
	if (status === null) {
		return failed(
			"api",
			`${url} does not answer (${error})`,
			"Start it with npm start, or set REELAY_URL to where it runs.",
		);
	}
	const isReelay = status === 200 && json?.status === "ok";
	return isReelay
		? ok("api", `answers in ${ms} ms`)
		: failed(
				"api",
				`${url} answers ${status}, and not as Reelay does`,
				"Set REELAY_URL to the api itself; a proxy may stand before it, or another service listens there.",
			);
}

function checkReady(name: string, { status, error, json }: Answer): Finding {
	if (status === null) {
		return failed(
			name,
			`does not answer (${error})`,
			"Look whether the process runs, and at its log.",
		);
	}
	const checks = Object.entries((json?.checks ?? {}) as Record<string, string>);
	const notes = Object.entries((json?.notes ?? {}) as Record<string, string>);
	const bad = checks.filter(([, result]) => result !== "ok");
	const told = notes.filter(([, result]) => result !== "ok");
	if (status !== 200) {
		const what = bad.map(([part, why]) => `${part}: ${why}`).join("; ");
		return failed(
			name,
			what || `answers ${status} (${String(json?.status ?? "not Reelay")})`,
			"docs/FAILURES.md says what to look at for each.",
		);
	}
	if (told.length > 0) {
		const what = told.map(([part, why]) => `${part}: ${why}`).join("; ");
		return { name, result: "warning", detail: what, fix: null };
	}
	return ok(name, checks.map(([part]) => `${part} ok`).join(", ") || "ok");
}

function checkVersion({ json }: Answer): Finding {
	const info = json?.info as { version?: string } | undefined;
	return info?.version === undefined
		? skipped("api version", "the api does not say")
		: ok("api version", info.version);
}

function checkClock({ date, askedAt, ms }: Answer): Finding {
	if (date === null) return skipped("clock", "the api does not tell the time");
	// The header has whole seconds, and was written somewhere during the request.
	const skewS = Math.round((date + 500 - (askedAt + ms / 2)) / 1000);
	const detail = `this machine is ${Math.abs(skewS)} s ${skewS > 0 ? "behind" : "before"} the api's`;
	if (Math.abs(skewS) < warningSkewS) return ok("clock", detail);
	const isBad = Math.abs(skewS) >= failedSkewS;
	return {
		name: "clock",
		result: isBad ? "failed" : "warning",
		detail,
		fix: "Set both clocks by NTP: a webhook is refused when its age is off by more than 300 s.",
	};
}

async function checkKey({ settings, signal }: Examination): Promise<Finding[]> {
	const base = settings.url.replace(/\/+$/, "");
	const { apiKey: key } = settings;
	const reads = await ask(`${base}/v1/jobs?limit=1`, { signal, key });
	if (reads.status === 401) {
		return [
			failed(
				"key",
				"is not valid here",
				"Take the key of this Reelay: another one's, a revoked or an expired one does not work.",
			),
		];
	}
	if (reads.status !== 200 && reads.status !== 403) {
		const why = reads.error ?? `it answers ${reads.status}`;
		return [failed("key", `cannot be tried (${why})`, "See the checks above.")];
	}
	const me = await ask(`${base}/v1/me`, { signal, key });
	const hooks = await ask(`${base}/v1/endpoints`, { signal, key });
	const lacking = [
		...(reads.status === 403 ? ["jobs:read"] : []),
		...(hooks.status === 403 ? ["webhooks"] : []),
	];
	const scopes = scopesOf(me);
	const detail =
		scopes === null ? "is valid" : `is valid for ${scopes.join(", ")}`;
	if (lacking.length === 0) return [ok("key", detail)];
	return [
		{
			name: "key",
			result: "warning",
			detail: `is valid, and lacks ${lacking.join(" and ")}`,
			fix: "Use a key with these scopes for the commands that need them.",
		},
	];
}

/** What the key may do, where the api tells. */
function scopesOf({ status, json }: Answer): string[] | null {
	const holder = (json?.key ?? json) as { scopes?: unknown } | null;
	return status === 200 && Array.isArray(holder?.scopes)
		? holder.scopes.map(String)
		: null;
}

async function checkOther(
	{ signal }: Examination,
	name: "worker" | "receiver",
	url: string | null,
): Promise<Finding> {
	if (url === null) return skipped(name, `--${name}-url says where it is`);
	if (!URL.canParse(url)) {
		return failed(name, `${url} is no URL`, `Give --${name}-url as http://….`);
	}
	const ready = `${url.replace(/\/+$/, "")}/readyz`;
	return checkReady(name, await ask(ready, { signal, key: null }));
}

/** Signs and verifies something with the secret that webhooks are to be verified with. */
function checkSignature(given: string | null): Finding {
	const name = "webhook secret";
	const secret = given ?? createWebhookSecret();
	const body = '{"type":"webhook.ping","timestamp":"","data":{}}';
	try {
		verifyWebhook({ body, headers: signWebhook({ body, secret }), secret });
		return given === null
			? skipped(name, "WEBHOOK_SECRET is not set; signing and verifying work")
			: ok(name, "is sound: what it signs, it verifies");
	} catch (error) {
		const fix = "Copy the secret again, whole and with its whsec_.";
		return failed(name, (error as Error).message, fix);
	}
}
