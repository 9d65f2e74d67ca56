import type { CallbackPlan, CallbackStep, Saying } from "./callback-plan.ts";
import { shapeCallback, type TaskReport } from "./callback-shapes.ts";
import type { CallbackSender } from "./callbacks.ts";
import type { Lifetime } from "./lifetime.ts";
import { malformBody } from "./malformed.ts";
import type { Order } from "./order.ts";

export type Announcer = {
	/** Schedules the progress callbacks; called when the render starts. */
	announceProgress(): void;
	/**
	 * Sends the final callback and schedules what follows it; called when the
	 * render ends. Resolves when the first is answered or given up.
	 */
	announceEnd(): Promise<void>;
};

/** Sends a task's callbacks as planned, if the order names an address. */
export function createAnnouncer(
	deps: { lifetime: Lifetime; callbacks: CallbackSender },
	about: {
		order: Order;
		plan: CallbackPlan;
		tell: (says: Saying) => TaskReport;
	},
): Announcer {
	const { lifetime, callbacks } = deps;
	const { order, plan, tell } = about;
	const behaviour = order.behaviour.callback;

	async function send(step: CallbackStep): Promise<void> {
		const url = order.input.callBackUrl;
		if (url === null) return;
		const { says, malformed, maxAttempts } = step;
		const shaped = shapeCallback(behaviour.shape, tell(says));
		const callback = {
			url,
			taskId: order.taskId,
			kind: says.kind === "progress" ? says.word : says.kind,
			shape: behaviour.shape,
			malformed,
			body: malformed ? malformBody(malformed, shaped) : JSON.stringify(shaped),
			maxAttempts,
			behaviour,
		};
		const copies = Array.from({ length: step.copies }, (_, index) =>
			callbacks.send({ ...callback, copy: index + 1 }),
		);
		await Promise.all(copies);
	}

	function sendLater(step: CallbackStep): void {
		lifetime.after(step.afterMs, () => void send(step));
	}

	return {
		announceProgress() {
			plan.duringRender.forEach(sendLater);
		},
		async announceEnd() {
			const [first, ...rest] = plan.afterRender;
			rest.forEach(sendLater);
			if (first && first.afterMs > 0) await lifetime.sleep(first.afterMs);
			if (first) await send(first);
		},
	};
}
