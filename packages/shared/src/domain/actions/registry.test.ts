import { expect, it } from "vitest";
import { actions, defaultActionName, findAction } from "./registry.ts";

it("finds every action under its own name, at the provider's path", () => {
	for (const [name, action] of actions) {
		expect(findAction(name)).toBe(action);
		expect(action.name).toBe(name);
		expect(action.path).toBe(`/api/v1/actions/${name}`);
	}
});

it("offers the default action", () => {
	expect(defaultActionName).toBe("see2ai_video_generation_kling_3_0_v1");
	expect(findAction(defaultActionName)).not.toBeNull();
});

it.each(["", "kling", "__proto__", "constructor"])(
	"finds no action named %j",
	(name) => {
		expect(findAction(name)).toBeNull();
	},
);
