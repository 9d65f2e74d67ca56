import { randomUUID } from "node:crypto";
import { createAnnouncer } from "./announce.ts";
import { planCallbacks, type Saying } from "./callback-plan.ts";
import { outputObject } from "./callback-shapes.ts";
import type { CallbackSender } from "./callbacks.ts";
import type { Clips } from "./clips.ts";
import type { Ledger } from "./ledger.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Order } from "./order.ts";
import type { Purse } from "./purse.ts";
import { reportTask } from "./task-report.ts";

export type Task = {
	/** The published output object: running whatever the hour, or as it ended. */
	output(as: "running" | "ended"): Record<string, unknown>;
	finished: Promise<void>;
	/** Resolves when the first final callback is answered or given up. */
	announced: Promise<void>;
	/** Lets the callbacks go that wait for the POST's answer. */
	markAnswered(): void;
};

export type Tasks = {
	start(order: Order): Task;
	running(): number;
	clear(): void;
};

export function createTaskId(): string {
	return randomUUID().replaceAll("-", "");
}

/** The life of a render: start, progress, end, payment, final callbacks. */
export function createTasks(deps: {
	ledger: Ledger;
	lifetime: Lifetime;
	purse: Purse;
	clips: Clips;
	callbacks: CallbackSender;
}): Tasks {
	const { ledger, lifetime, purse, clips } = deps;
	let running = 0;

	function settle(order: Order, outcome: "success" | "fail"): void {
		running -= 1;
		if (outcome === "success") {
			purse.pay(order.points);
			const { aspect_ratio: ratio, duration } = order.input;
			clips.add(order.taskId, { ratio, seconds: Number(duration) });
		} else purse.release(order.points);
		ledger.settlePost(order.post, outcome);
	}

	function start(order: Order): Task {
		const { callback, fault, render_ms } = order.behaviour;
		const outcome = fault === "task_failed" ? "fail" : "success";
		const renderMs = callback.early ? 0 : render_ms;
		// An early callback holds the answer back, so it cannot wait for it too.
		const isAfterAnswer = callback.order === "after" && !callback.early;
		const startedAtMs = Date.now();
		let endedAtMs: number | null = null;
		const tell = (says: Saying) =>
			reportTask({
				...{ order, says, startedAtMs, balance: purse.balance },
				endedAtMs: endedAtMs ?? Date.now(),
			});
		const plan = planCallbacks(callback, outcome, renderMs);
		const announcer = createAnnouncer(deps, { order, plan, tell });
		const [finished, announced, answered] = [defer(), defer(), defer()];

		async function end(): Promise<void> {
			endedAtMs = Date.now();
			settle(order, outcome);
			finished.resolve();
			if (isAfterAnswer) await answered.promise;
			await announcer.announceEnd();
			announced.resolve();
		}

		running += 1;
		ledger.noteConcurrency(running);
		announcer.announceProgress();
		if (renderMs === 0) void end();
		else lifetime.after(renderMs, () => void end());

		const inProgress: Saying = {
			kind: "progress",
			word: "running",
			withUrls: false,
		};
		return {
			output: (as) =>
				outputObject(tell(as === "running" ? inProgress : { kind: outcome })),
			finished: finished.promise,
			announced: announced.promise,
			markAnswered: answered.resolve,
		};
	}

	return {
		start,
		running: () => running,
		clear() {
			running = 0;
		},
	};
}

function defer(): { promise: Promise<void>; resolve: () => void } {
	let resolve: () => void = () => {};
	const promise = new Promise<void>((settle) => {
		resolve = settle;
	});
	return { promise, resolve };
}
