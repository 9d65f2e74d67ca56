import type { CallbackBehaviour } from "./behaviour.ts";
import type { Malformed } from "./malformed.ts";

/** What a callback says: a progress word, or how the task ended. */
export type Saying =
	| { kind: "progress"; word: string; withUrls: boolean }
	| { kind: "success" | "fail" };

export type CallbackStep = {
	/** Since the start for progress, since the end of the render otherwise. */
	afterMs: number;
	says: Saying;
	copies: number;
	malformed: Malformed | null;
	maxAttempts: number;
};

export type CallbackPlan = {
	duringRender: CallbackStep[];
	afterRender: CallbackStep[];
};

/** Which callbacks a task sends, and when, as its behaviour asks. */
export function planCallbacks(
	behaviour: CallbackBehaviour,
	outcome: "success" | "fail",
	renderMs: number,
): CallbackPlan {
	const progress = behaviour.progress;
	const duringRender = progress.map((word, index) => ({
		...progressStep(word, behaviour.progress_with_urls),
		afterMs: Math.floor((renderMs * (index + 1)) / (progress.length + 1)),
	}));

	const afterRender: CallbackStep[] = [];
	let afterMs = behaviour.delay_ms;
	const endings = behaviour.lose ? [] : sayings(behaviour, outcome);
	for (const kind of endings) {
		afterRender.push({
			afterMs,
			says: { kind },
			copies: 1 + behaviour.duplicates,
			malformed: behaviour.malformed,
			maxAttempts: behaviour.max_attempts,
		});
		afterMs += behaviour.gap_ms;
	}
	if (behaviour.after_terminal_progress)
		afterRender.push({
			...progressStep("generating", behaviour.progress_with_urls),
			afterMs,
		});
	return { duringRender, afterRender };
}

function sayings(
	behaviour: CallbackBehaviour,
	outcome: "success" | "fail",
): ("success" | "fail")[] {
	if (behaviour.contradict === "success_then_fail") return ["success", "fail"];
	if (behaviour.contradict === "fail_then_success") return ["fail", "success"];
	return [outcome];
}

/** Progress is sent once: the next word makes a lost one good. */
function progressStep(word: string, withUrls: boolean): CallbackStep {
	return {
		afterMs: 0,
		says: { kind: "progress", word, withUrls },
		copies: 1,
		malformed: null,
		maxAttempts: 1,
	};
}
