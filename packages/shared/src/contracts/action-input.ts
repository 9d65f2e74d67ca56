import { z } from "zod";
import type { JsonObject } from "../domain/actions/action.ts";
import { actions } from "../domain/actions/registry.ts";

/** What an action's input is called in the OpenAPI document. */
export const inputSchemaName = (action: string) => `${action}.input`;

const refs = [...actions.keys()].map((action) => ({
	$ref: `#/$defs/${inputSchemaName(action)}`,
}));

/** What documents say of an input: it is as its action describes it. */
export const inputRefs = refs.length === 1 ? { ...refs[0] } : { anyOf: refs };

/** An action's input in an answer. Its rules belong to the action, which has checked them. */
export const actionInput = z
	.custom<JsonObject>(
		(value) =>
			typeof value === "object" && value !== null && !Array.isArray(value),
	)
	.meta(inputRefs);

/** The descriptions of every action's input, by the names that `actionInput` refers to. */
export const actionInputDefs: Readonly<Record<string, JsonObject>> =
	Object.fromEntries(
		[...actions.values()].map((action) => [
			inputSchemaName(action.name),
			action.inputSchema,
		]),
	);
