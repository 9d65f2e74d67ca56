import type { Action } from "./action.ts";
import { see2aiVideoGenerationKling30V1 } from "./see2ai_video_generation_kling_3_0_v1.ts";

/** The action of a job that names none. */
export const defaultActionName: string = see2aiVideoGenerationKling30V1.name;

/** Every action that can be asked for, by name. A new action is one new file and one line here. */
export const actions: ReadonlyMap<string, Action> = new Map(
	[see2aiVideoGenerationKling30V1].map((action) => [action.name, action]),
);

/** The action of that name, or null. */
export function findAction(name: string): Action | null {
	return actions.get(name) ?? null;
}
