import { z } from "zod";
import { type BehaviourPatch, behaviourPatchSchema } from "./behaviour.ts";

const marker = /\[\[sim:\s*(\{.*\})\s*\]\]\s*$/s;

export type RequestedBehaviour =
	| { ok: true; patch: BehaviourPatch }
	| { ok: false; detail: string };

/** The text that scripts and markers look at: the prompt, or the shots' prompts. */
export function promptOf(body: unknown): string | null {
	if (typeof body !== "object" || body === null) return null;
	const { prompt, multi_prompt: shots } = body as Record<string, unknown>;
	if (typeof prompt === "string") return prompt;
	if (!Array.isArray(shots)) return null;
	return shots.map((shot) => String(shot?.prompt ?? "")).join("\n");
}

/** Behaviour that ends a prompt: `A boat [[sim: {"fault":"http_500"}]]`. */
export function parseMarker(prompt: string | null): RequestedBehaviour {
	const json = marker.exec(prompt ?? "")?.[1];
	return parsePatch(json, "the prompt's [[sim: …]]");
}

/** Behaviour in the header `x-simulator`, in the same JSON. */
export function parseHeader(
	header: string | string[] | undefined,
): RequestedBehaviour {
	return parsePatch(header?.toString(), "the header x-simulator");
}

/** A behaviour that cannot be read is refused aloud: else a test tests nothing. */
function parsePatch(
	json: string | undefined,
	where: string,
): RequestedBehaviour {
	if (json === undefined) return { ok: true, patch: {} };
	const parsed = behaviourPatchSchema.safeParse(readJson(json));
	if (parsed.success) return { ok: true, patch: parsed.data };
	const detail = `${where} is no behaviour: ${z.prettifyError(parsed.error)}`;
	return { ok: false, detail };
}

function readJson(json: string): unknown {
	try {
		return JSON.parse(json);
	} catch {
		return undefined;
	}
}
