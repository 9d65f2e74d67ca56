import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import { type BehaviourPatch, behaviourPatchSchema } from "./behaviour.ts";

export const scriptSchema = z.strictObject({
	match: z
		.strictObject({
			prompt: z.string().min(1).describe("a substring of the prompt"),
			header: z
				.strictObject({
					name: z.string().min(1).toLowerCase(),
					value: z.string().optional(),
				})
				.describe("a request header that is present, or has this value"),
		})
		.partial()
		.default({})
		.describe("absent or empty: every request"),
	times: z
		.union([z.number().int().min(1), z.literal("always")])
		.default(1)
		.describe("how many requests it applies to before it is used up"),
	every: z
		.number()
		.int()
		.min(1)
		.default(1)
		.describe("apply to each n-th matching request: 20 is exactly 5 %"),
	behaviour: behaviourPatchSchema,
});

export type Script = z.input<typeof scriptSchema>;

type Queued = z.output<typeof scriptSchema> & {
	id: number;
	seen: number;
	applied: number;
};

/** The queue of behaviours: the first that matches a request applies to it. */
export class Scripts {
	#queue: Queued[] = [];
	#lastId = 0;

	add(script: Script): number {
		this.#lastId += 1;
		const id = this.#lastId;
		this.#queue.push({
			...scriptSchema.parse(script),
			id,
			seen: 0,
			applied: 0,
		});
		return id;
	}

	/** Uses the script up by one. */
	take(prompt: string | null, headers: IncomingHttpHeaders): BehaviourPatch {
		for (const script of this.#queue) {
			if (!isMatch(script.match, prompt, headers)) continue;
			script.seen += 1;
			if (script.seen % script.every !== 0) continue;
			script.applied += 1;
			if (script.applied === script.times)
				this.#queue = this.#queue.filter(({ id }) => id !== script.id);
			return script.behaviour;
		}
		return {};
	}

	list(): readonly Queued[] {
		return this.#queue;
	}

	clear(): void {
		this.#queue = [];
	}
}

function isMatch(
	match: Queued["match"],
	prompt: string | null,
	headers: IncomingHttpHeaders,
): boolean {
	if (match.prompt !== undefined && !prompt?.includes(match.prompt))
		return false;
	if (match.header === undefined) return true;
	const value = headers[match.header.name];
	if (value === undefined) return false;
	return match.header.value === undefined || match.header.value === value;
}
