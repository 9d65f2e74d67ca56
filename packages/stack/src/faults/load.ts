import { setTimeout as delay } from "node:timers/promises";
import type { FaultStage } from "./stage.ts";

export type Load = {
	/** Sends no more, waits until every request has its 202, and returns the ids. */
	stop(): Promise<string[]>;
};

const retryEveryMs = 250;
const giveUpAfterMs = 120_000;

/** Customers who create a job at a steady pace, and who ask again with the same Idempotency-Key until they get a 202. */
export function startLoad(
	stage: FaultStage,
	{ everyMs, prefix }: { everyMs: number; prefix: string },
): Load {
	const asked: Promise<string>[] = [];
	const timer = setInterval(() => {
		const request = askUntilTaken(stage, `${prefix}-${asked.length}`);
		// Its failure is thrown by `stop`.
		request.catch(() => {});
		asked.push(request);
	}, everyMs);
	return {
		stop() {
			clearInterval(timer);
			return Promise.all(asked);
		},
	};
}

async function askUntilTaken(stage: FaultStage, key: string): Promise<string> {
	const giveUpAt = Date.now() + giveUpAfterMs;
	for (;;) {
		const answer = await ask(stage, key).catch((error: unknown) => ({ error }));
		if ("status" in answer && answer.status === 202) return answer.body.id;
		const mayPass = "error" in answer || answer.status >= 500;
		if (!mayPass || Date.now() > giveUpAt) {
			throw new Error(`${key} was not taken: ${JSON.stringify(answer)}`);
		}
		await delay(retryEveryMs);
	}
}

function ask(stage: FaultStage, key: string) {
	return stage.api("/v1/jobs", {
		body: {
			input: { prompt: key, duration: 3 },
			webhook_url: stage.receiver.url,
			timeout_s: 60,
		},
		headers: { "idempotency-key": key },
	});
}
