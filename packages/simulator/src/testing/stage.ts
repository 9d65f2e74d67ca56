import type { BehaviourPatch } from "../behaviour.ts";
import {
	type RunningSimulator,
	type StartOptions,
	startSimulator,
} from "../start.ts";
import { type Receiver, startReceiver } from "./receiver.ts";

export type PostOptions = {
	body?: Record<string, unknown> | string;
	sim?: BehaviourPatch;
	headers?: Record<string, string>;
	signal?: AbortSignal;
	redirect?: "follow" | "manual";
	action?: string;
};

/** What the bodies of answers may hold; each test reads what it asked for. */
export type AnswerBody = {
	task_id: string;
	state: string;
	status?: string;
	result_urls: [string];
	detail: unknown;
};

export type Answered = Omit<Response, "json"> & {
	json(): Promise<AnswerBody>;
};

export type Stage = {
	simulator: RunningSimulator;
	receiver: Receiver;
	/** One POST of a good text-to-video request, but for what is given. */
	post(options?: PostOptions): Promise<Answered>;
	close(): Promise<void>;
};

/** A quick simulator and a receiver, both on free ports. */
export async function setStage(options: StartOptions = {}): Promise<Stage> {
	const receiver = await startReceiver();
	const simulator = await startSimulator({
		rate: "off",
		...options,
		behaviour: { render_ms: 10, ...options.behaviour },
	});
	const path = "/api/v1/actions/see2ai_video_generation_kling_3_0_v1";

	return {
		simulator,
		receiver,
		post({ body = {}, sim, headers, action, ...init } = {}) {
			const input = { prompt: "A paper boat", callBackUrl: receiver.url };
			const answer: Promise<unknown> = fetch(
				simulator.url + (action ? `/api/v1/actions/${action}` : path),
				{
					method: "POST",
					headers: {
						authorization: "Bearer sk-test",
						"content-type": "application/json",
						...(sim ? { "x-simulator": JSON.stringify(sim) } : {}),
						...headers,
					},
					body:
						typeof body === "string"
							? body
							: JSON.stringify({ ...input, ...body }),
					...init,
				},
			);
			return answer as Promise<Answered>;
		},
		async close() {
			await simulator.close();
			await receiver.close();
		},
	};
}
