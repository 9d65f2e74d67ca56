import {
	type Field,
	isAbsent,
	readInteger,
	readItems,
	readMembers,
	refuse,
} from "../field.ts";
import { shotLimit, shotPromptLimit, shotSeconds } from "./limits.ts";
import { type PromptRules, readPrompt } from "./prompt.ts";

/** One scene of a multi-shot video, as it is sent. */
export type Shot = { prompt: string; duration: number };

/** The shots that could be read, the elements that they name, and whether any was left out for a violation. */
export type Shots = {
	shots: Shot[];
	references: Set<string>;
	isWhole: boolean;
};

/** The scenes of `multi_prompt`; undefined after reporting that it is no list. */
export function readShots(
	field: Field,
	elementNames: PromptRules["elementNames"],
): Shots | undefined {
	const items = readItems(field, { max: shotLimit, unit: "shots" });
	if (items === undefined) return undefined;
	const read = items.map((item) => readShot(item, elementNames));
	const shots = read.flatMap(({ shot }) => (shot ? [shot] : []));
	return {
		shots,
		references: new Set(read.flatMap(({ references }) => [...references])),
		isWhole: shots.length === items.length,
	};
}

function readShot(
	field: Field,
	elementNames: PromptRules["elementNames"],
): { shot: Shot | null; references: ReadonlySet<string> } {
	const members = readMembers(field, { names: ["prompt", "duration"] });
	if (members === undefined) return { shot: null, references: new Set() };
	const rules = { limit: shotPromptLimit, elementNames };
	const prompt = readPrompt(members.prompt, rules);
	if (prompt === null) {
		const message = `Say what this shot shows, in 1 to ${shotPromptLimit} characters.`;
		refuse(members.prompt, "required", { message });
	}
	const duration = readShotSeconds(members.duration);
	const references = prompt?.references ?? new Set<string>();
	if (!prompt || duration === undefined) return { shot: null, references };
	return { shot: { prompt: prompt.text, duration }, references };
}

function readShotSeconds(field: Field): number | undefined {
	if (!isAbsent(field)) return readInteger(field, shotSeconds);
	const message = "Say how long this shot is, from 1 to 12 seconds.";
	return refuse(field, "required", { message });
}
