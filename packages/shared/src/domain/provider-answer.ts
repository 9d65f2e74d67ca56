import {
	hasErrorMember,
	type ProviderError,
	readProviderError,
} from "./provider-error.ts";
import { parseProviderJson } from "./provider-json.ts";
import {
	isSuccessCode,
	type Layer,
	listLayers,
	readEnvelopeCode,
	readMember,
} from "./provider-layers.ts";
import {
	type ProviderOutput,
	type ResultUrls,
	readOutput,
	readResultUrls,
} from "./provider-output.ts";
import { keepText } from "./provider-text.ts";
import type { ResultHosts } from "./result-url.ts";

export type { ProviderError } from "./provider-error.ts";
export type { ProviderOutput } from "./provider-output.ts";

/**
 * What an answer of the provider says about its task. `succeeded` has at least one usable URL; `unreadable` is anything
 * from which no end may be concluded, with what could be read of it all the same.
 */
export type ProviderReport =
	| { kind: "succeeded"; output: ProviderOutput }
	| { kind: "failed"; output: ProviderOutput; error: ProviderError }
	| { kind: "progress"; output: ProviderOutput }
	| { kind: "unreadable"; reason: string; output: ProviderOutput | null };

type Meaning = "succeeded" | "failed" | "progress";

const meanings: ReadonlyMap<string, Meaning> = new Map([
	...listWords("succeeded", "success succeeded succeed successful"),
	...listWords("succeeded", "completed complete finished done"),
	...listWords("failed", "fail failed failure error needs_repair"),
	...listWords("failed", "rejected cancelled canceled"),
	...listWords("progress", "waiting wait queuing queueing queued pending"),
	...listWords("progress", "created submitted accepted started starting"),
	...listWords("progress", "running generating processing in_progress"),
	...listWords("progress", "awaiting_user_approval"),
]);

function listWords(meaning: Meaning, words: string): [string, Meaning][] {
	return words.split(" ").map((word) => [word, meaning]);
}

/**
 * What the state says of the task itself, apart from any status or code around it. A report that contradicts itself
 * leaves the task alive for all we know.
 */
export function readTaskFate(
	report: ProviderReport,
): "alive" | "ended" | "unsaid" {
	const meaning = meanings.get(report.output?.state ?? "");
	if (meaning === undefined) return "unsaid";
	return report.kind === "failed" && meaning === "failed" ? "ended" : "alive";
}

/**
 * Reads a body as it was kept, by the parser of today, into a report. A mistake of the parser's own is a reason like any
 * other: whatever a body does to it, the body is kept, and read again once the mistake is cured. `read` is that parser.
 */
export function readProviderText(
	text: string,
	read: (body: unknown) => ProviderReport,
): ProviderReport {
	const parsed = parseProviderJson(text);
	if ("fault" in parsed) return unreadable(parsed.fault, null);
	try {
		return read(parsed.value);
	} catch (error) {
		const name = error instanceof Error ? error.name : "error";
		return unreadable(`the parser failed on it (${name})`, null);
	}
}

/**
 * Reads a callback's body or the answer to a POST, in any of the shapes that are published or have been seen. Never
 * throws. The state decides, never the presence of URLs: samples show results filled in while a task still waits.
 * `hosts` are those that results may lead to.
 */
export function readProviderReport(
	body: unknown,
	hosts: ResultHosts = null,
): ProviderReport {
	const layers = listLayers(body);
	if (layers.length === 0) {
		return unreadable("the body is not a JSON object", null);
	}
	const { word, meaning, isContradictory } = readState(layers);
	const output = readOutput(layers, word);
	if (isContradictory) {
		return unreadable("it says both success and failure", output);
	}
	const code = readEnvelopeCode(body);
	if (code !== null && !isSuccessCode(code)) {
		return readRefusal({ body, output, code, meaning });
	}
	if (meaning === "failed") return failed(body, output);
	if (meaning === "progress") return { kind: "progress", output };
	const found = readResultUrls(layers, hosts);
	if (meaning === null) return readStateless({ body, output, found });
	if (found.urls.length === 0) {
		return unreadable(found.refusal ?? "success without a URL", output);
	}
	return { kind: "succeeded", output: { ...output, result_urls: found.urls } };
}

/**
 * The word that decides: the first one we know, from within outwards, and `state` before `status`. An outer `status` of
 * success often speaks of the request and not of the task, so it contradicts nothing; every other disagreement does.
 */
function readState(layers: readonly Layer[]): {
	word: string | null;
	meaning: Meaning | null;
	isContradictory: boolean;
} {
	const claims = layers.flatMap((layer, depth) =>
		readWords(layer).map(([name, word]) => {
			return { depth, name, word, meaning: meanings.get(word) };
		}),
	);
	const decided = claims.find(({ meaning }) => meaning !== undefined);
	const counted = claims.filter(({ depth, name, meaning }) => {
		const isOuter = depth !== decided?.depth;
		return !(isOuter && name === "status" && meaning === "succeeded");
	});
	const found = new Set(counted.map(({ meaning }) => meaning));
	return {
		word: (decided ?? claims[0])?.word ?? null,
		meaning: decided?.meaning ?? null,
		isContradictory: found.has("succeeded") && found.has("failed"),
	};
}

/** In one object `state` is the task's word and `status` stands in for it; a status that is a number is HTTP's. */
function readWords(layer: Layer): [name: string, word: string][] {
	return ["state", "status"].flatMap((name): [string, string][] => {
		const value = readMember(layer, name);
		if (typeof value !== "string" || /^\s*\d*\s*$/.test(value)) return [];
		const word = value
			.trim()
			.toLowerCase()
			.replace(/[\s-]+/g, "_");
		return [[name, keepText(word, 100)]];
	});
}

/**
 * An envelope that reports an error. Beside a state of success or progress the two contradict each other, and neither an
 * end nor a result may be concluded. A timeout of the provider's own waiting says nothing about the task.
 */
function readRefusal(read: {
	body: unknown;
	output: ProviderOutput;
	code: number;
	meaning: Meaning | null;
}): ProviderReport {
	const { body, output, code, meaning } = read;
	if (meaning === "succeeded" || meaning === "progress") {
		const reason = `code ${code} contradicts the state ${output.state}`;
		return unreadable(reason, output);
	}
	if (meaning === null && (code === 504 || code === 408)) {
		return unreadable(`code ${code}: the provider stopped waiting`, output);
	}
	return failed(body, output);
}

/** Without a state that we know, only a task's id or a bare error says anything, and URLs alone are no success. */
function readStateless(read: {
	body: unknown;
	output: ProviderOutput;
	found: ResultUrls;
}): ProviderReport {
	const { body, output, found } = read;
	if (output.state !== null) {
		return unreadable(`the state "${output.state}" is unknown`, output);
	}
	if (found.urls.length > 0) return unreadable("URLs without a state", output);
	if (output.task_id !== null) return { kind: "progress", output };
	if (hasErrorMember(body)) return failed(body, output);
	return unreadable("neither a state nor a task id", output);
}

function failed(body: unknown, output: ProviderOutput): ProviderReport {
	const fallback = "The provider reports a failure and gives no reason.";
	return { kind: "failed", output, error: readProviderError(body, fallback) };
}

function unreadable(
	reason: string,
	output: ProviderOutput | null,
): ProviderReport {
	return { kind: "unreadable", reason, output };
}
