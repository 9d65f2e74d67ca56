import { describe, expect, it } from "vitest";
import { type CallbackBehaviour, faithful } from "./behaviour.ts";
import { planCallbacks } from "./callback-plan.ts";

function plan(patch: Partial<CallbackBehaviour>) {
	return planCallbacks({ ...faithful.callback, ...patch }, "success", 900);
}

describe("planCallbacks", () => {
	it("sends the outcome once, at the end of the render, by default", () => {
		const { duringRender, afterRender } = plan({});

		expect(duringRender).toEqual([]);
		expect(afterRender).toMatchObject([
			{ afterMs: 0, says: { kind: "success" }, copies: 1, maxAttempts: 3 },
		]);
	});

	it("spreads progress evenly over the render", () => {
		const { duringRender } = plan({ progress: ["waiting", "generating"] });

		expect(duringRender).toMatchObject([
			{ afterMs: 300, says: { kind: "progress", word: "waiting" } },
			{ afterMs: 600, says: { kind: "progress", word: "generating" } },
		]);
	});

	it("sends no final callback when it is lost, and progress all the same", () => {
		const { duringRender, afterRender } = plan({
			lose: true,
			progress: ["waiting"],
		});

		expect(duringRender).toHaveLength(1);
		expect(afterRender).toEqual([]);
	});

	it("puts the contradiction a gap after the first word", () => {
		const { afterRender } = plan({
			contradict: "fail_then_success",
			delay_ms: 100,
			gap_ms: 30,
		});

		expect(
			afterRender.map(({ afterMs, says }) => [afterMs, says.kind]),
		).toEqual([
			[100, "fail"],
			[130, "success"],
		]);
	});

	it("lets progress follow the end when asked", () => {
		const { afterRender } = plan({ after_terminal_progress: true });

		expect(afterRender.map(({ says }) => says.kind)).toEqual([
			"success",
			"progress",
		]);
	});
});
