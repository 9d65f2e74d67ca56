import { randomBytes } from "node:crypto";
import { eventually } from "@reelay/shared/testing/eventually";
import { startTestRedis, type TestRedis } from "@reelay/shared/testing/redis";
import { expect } from "vitest";
import type { AppName } from "../entries.ts";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import type { Bell } from "../journeys/stage.ts";
import { patience } from "./crash-stage.ts";
import { openSinks, type Sinks } from "./sinks.ts";
import { type FaultStage, openFaultStage } from "./stage.ts";

export type KeyringStage = FaultStage & {
	sinks: Sinks;
	redis: TestRedis | null;
	/** The secrets that this stage was given, by name. */
	secrets: Record<string, string>;
	/** Creates jobs whose POSTs meet this behaviour of the simulator. */
	createScripted(script: Script): Promise<string[]>;
	reach(ids: readonly string[], states: string[]): Promise<void>;
	/** The callback address of each submission of these jobs, or of all, as the provider was told it. */
	callbackUrls(ids?: readonly string[]): Promise<string[]>;
	/** Stops the process and starts it again with other settings. */
	restart(app: AppName, changed: Record<string, string>): Promise<void>;
	/** Does the work while the process stands still. */
	whileFrozen<Result>(
		app: AppName,
		work: () => Promise<Result>,
	): Promise<Result>;
};

export type Script = {
	prompt: string;
	behaviour: object;
	count?: number;
	times?: number | "always";
};

const newKey = () => randomBytes(32).toString("base64");

/** Two callback keys, of which the second is to take the first one's place. */
export const keys = { old: newKey(), next: newKey() };

/** A stage that logs all it can, whose callback keys are the test's. Null where the bell is missing. */
export async function openKeyringStage(
	bell: Bell,
): Promise<KeyringStage | null> {
	const redis = bell === "redis" ? await startTestRedis() : null;
	if (bell === "redis" && redis === null) return null;
	const sinks = openSinks();
	const apiKey = `sk-${randomBytes(24).toString("hex")}`;
	const stage = await openFaultStage(bell, {
		env: {
			CALLBACK_KEYS: `k1:${keys.old}`,
			LOG_LEVEL: "trace",
			STOP_GRACE_S: "1",
			...(redis === null ? {} : { REDIS_URL: redis.url }),
		},
		onLine: (app, line) => sinks.add(`log of ${app}`, line),
	});
	if (stage === null) return null;
	const { stack } = stage;
	const restart: KeyringStage["restart"] = async (app, changed) => {
		await stack.processes.get(app)?.stop();
		await stack.launch(app, changed);
	};
	// The stack gives the simulator a key that is no secret.
	await restart("worker", { SEE2AI_API_KEY: apiKey });
	return {
		...stage,
		sinks,
		redis,
		restart,
		secrets: {
			"the old callback key": keys.old,
			"the next callback key": keys.next,
			"the encryption key": stack.secrets.ENCRYPTION_KEYS.slice(3),
			"the API key": stack.secrets.BOOTSTRAP_API_KEY,
			"the webhook secret": stack.secrets.WEBHOOK_SECRET,
			"the provider's key": apiKey,
		},
		async createScripted({ prompt, behaviour, count = 1, times = "always" }) {
			await stage.simulator("/scripts", {
				match: { prompt },
				times,
				behaviour,
			});
			const input = { prompt, duration: 3 };
			return Promise.all(
				Array.from({ length: count }, () => stage.createJob({ input })),
			);
		},
		async reach(ids, states) {
			await eventually(async () => {
				for (const job of await Promise.all(ids.map(stage.job))) {
					expect(states).toContain(job.state);
				}
			}, patience);
		},
		async callbackUrls(ids) {
			const submissions = await stage.sql(
				"select id from submission where $1::text[] is null or job_id = any($1)",
				[ids ?? null],
			);
			const known = new Set(submissions.map(({ id }) => id));
			const { posts } = await stage.simulator("/ledger?limit=100000");
			return posts
				.map((post: JsonAnswer) => post.callback_url as string)
				.filter((url: string) => known.has(tokenOf(url).submission));
		},
		async whileFrozen(app, work) {
			const pid = stack.processes.get(app)?.pid ?? 0;
			process.kill(pid, "SIGSTOP");
			try {
				return await work();
			} finally {
				process.kill(pid, "SIGCONT");
			}
		},
		async close() {
			await stage.close();
			await redis?.stop();
		},
	};
}

/** The parts of the capability at the end of a callback's address. */
export function tokenOf(url: string) {
	const [submission = "", keyId = "", mac = ""] = url
		.slice(url.lastIndexOf("/") + 1)
		.split(".");
	return { submission, keyId, mac };
}

/** Calls back as the provider would, and returns the status. */
export async function callBack(
	url: string,
	task_id = "another task",
): Promise<number> {
	const body = JSON.stringify({
		task_id,
		state: "success",
		result_urls: ["https://example.com/late.mp4"],
	});
	const headers = { "content-type": "application/json" };
	return (await fetch(url, { method: "POST", headers, body })).status;
}
