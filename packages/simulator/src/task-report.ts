import type { Saying } from "./callback-plan.ts";
import type { TaskReport } from "./callback-shapes.ts";
import type { Order } from "./order.ts";

/** What is to be told about an order at this moment, before it takes a shape. */
export function reportTask(about: {
	order: Order;
	says: Saying;
	startedAtMs: number;
	endedAtMs: number;
	balance: number;
}): TaskReport {
	const { order, says } = about;
	const { behaviour } = order;
	const isProgress = says.kind === "progress";
	const hasUrls = isProgress ? says.withUrls : says.kind === "success";
	const word = isProgress ? says.word : says.kind;
	const words: Record<string, string | undefined> = behaviour.state_words;
	return {
		taskId: order.taskId,
		state: words[word] ?? word,
		stateKey: behaviour.state_key,
		isFailure: says.kind === "fail",
		isFinal: !isProgress,
		urls: hasUrls ? [`${order.baseUrl}/files/${order.taskId}.mp4`] : [],
		points: says.kind === "success" ? order.points : 0,
		remaining: about.balance,
		request: order.request,
		startedAtMs: about.startedAtMs,
		endedAtMs: about.endedAtMs,
		fail: behaviour.fail,
		snakeIds: behaviour.callback.snake_ids,
	};
}
