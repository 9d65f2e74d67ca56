import { setTimeout as delay } from "node:timers/promises";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import type { FaultStage } from "./stage.ts";

export type Load = {
	/** Sends no more, waits until every request has its 202, and returns the ids. */
	stop(): Promise<string[]>;
};

/** One customer's request, to the stage's API and with its first key unless it names others. */
export type LoadRequest = {
	body: Record<string, unknown>;
	apiUrl?: string;
	apiKey?: string;
};

export type LoadOptions = {
	everyMs: number;
	/** Of the idempotency keys. */
	prefix: string;
	/** What the n-th customer asks for; a short video when it is absent. */
	request?: (n: number) => LoadRequest | Promise<LoadRequest>;
	/** Called once the n-th has its 202, and awaited by `stop`. */
	onTaken?: (n: number, id: string) => Promise<void>;
};

const retryEveryMs = 250;
const giveUpAfterMs = 120_000;

/** Customers who create a job at a steady pace, and who ask again with the same Idempotency-Key until they get a 202. */
export function startLoad(stage: FaultStage, options: LoadOptions): Load {
	const { everyMs, prefix, request, onTaken = async () => {} } = options;
	const asked: Promise<string>[] = [];
	const askOne = async (n: number) => {
		const key = `${prefix}-${n}`;
		const wanted = (await request?.(n)) ?? { body: shortVideo(key) };
		const id = await askUntilTaken(stage, key, wanted);
		await onTaken(n, id);
		return id;
	};
	const timer = setInterval(() => {
		const asking = askOne(asked.length);
		// Its failure is thrown by `stop`.
		asking.catch(() => {});
		asked.push(asking);
	}, everyMs);
	return {
		stop() {
			clearInterval(timer);
			return Promise.all(asked);
		},
	};
}

function shortVideo(prompt: string) {
	return { input: { prompt, duration: 3 }, timeout_s: 60 };
}

/** The id of the job that the key stands for; asks again with the same key for as long as the answer may pass. */
export async function askUntilTaken(
	stage: FaultStage,
	key: string,
	wanted: LoadRequest,
): Promise<string> {
	const giveUpAt = Date.now() + giveUpAfterMs;
	for (;;) {
		const answer = await ask(stage, key, wanted).catch((error: unknown) => ({
			error,
		}));
		if ("status" in answer && answer.status === 202) return answer.body.id;
		const mayPass = "error" in answer || answer.status >= 500;
		if (!mayPass || Date.now() > giveUpAt) {
			throw new Error(`${key} was not taken: ${JSON.stringify(answer)}`);
		}
		await delay(retryEveryMs);
	}
}

async function ask(stage: FaultStage, key: string, wanted: LoadRequest) {
	const { body, apiUrl = stage.apiUrl } = wanted;
	const { apiKey = stage.stack.secrets.BOOTSTRAP_API_KEY } = wanted;
	const response = await fetch(`${apiUrl}/v1/jobs`, {
		method: "POST",
		headers: {
			authorization: `Bearer ${apiKey}`,
			"content-type": "application/json",
			"idempotency-key": key,
		},
		body: JSON.stringify({ webhook_url: stage.receiver.url, ...body }),
	});
	return {
		status: response.status,
		body: (await response.json()) as JsonAnswer,
	};
}
