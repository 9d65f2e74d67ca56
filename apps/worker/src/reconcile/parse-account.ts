/**
 * What the provider says of its account. The fields of both answers are unpublished, so whatever may be meant is read: a list
 * under any of several names, in any of several envelopes, and in each line any id, price and time. What is not understood
 * is kept as it came, for whoever reads the report.
 */
import {
	asLayer,
	type Layer,
	listLayers,
	pick,
	readMember,
} from "@reelay/shared/domain/provider-layers";

/** One line of the provider's usage. */
export type Spend = {
	/** Whatever may be the name of its task. */
	ids: string[];
	points: number;
	at: Date | null;
	action: string | null;
	raw: Layer;
};

/** One page of it; `sums` are lines that tell of several tasks together. */
export type UsagePage = {
	spends: Spend[];
	sums: { points: number; raw: Layer }[];
	/** How many there are in all, and where it goes on, where it says so. */
	total: number | null;
	nextCursor: string | null;
	hasMore: boolean | null;
};

const listNames = [
	...["items", "list", "records", "usage", "usages", "rows", "results"],
	...["logs", "transactions", "data", "entries"],
];
const idNames = [
	...["task_id", "taskId", "job_id", "jobId", "request_id", "requestId"],
	...["reference", "reference_id", "ref_id", "id", "uuid"],
];
const pointNames = [
	...["cost_points", "costPoints", "points", "points_used", "pointsUsed"],
	...["consumeCredits", "consumedCredits", "credits_used", "creditsUsed"],
	...["credits", "cost", "amount", "charge", "price"],
];
const timeNames = [
	...["charged_at", "chargedAt", "created_at", "createdAt", "createTime"],
	...["create_time", "timestamp", "time", "at", "date", "datetime"],
	...["completed_at", "completedAt", "completeTime", "ended_at", "endedAt"],
];
const actionNames = ["action", "action_name", "actionName", "model", "name"];
const countNames = ["requests", "count", "calls", "request_count", "tasks"];

/** Reads a page of usage, or null when there is nothing in it that could be a list. */
export function parseUsage(body: unknown): UsagePage | null {
	const list = findList(body, 0);
	if (list === null) return null;
	const lines = list.map(asLayer).filter((line) => line !== null);
	const spends = lines.filter((line) => !isSum(line)).map(toSpend);
	const layers = listLayers(body);
	return {
		// What is free was not spent: a line of a failed task, for example.
		spends: spends.filter(({ points }) => points !== 0),
		sums: lines
			.filter(isSum)
			.map((raw) => ({ points: pointsOf(raw) ?? 0, raw })),
		total: pick(layers, ["total", "total_count", "totalCount"], readNumber),
		nextCursor: pick(layers, ["next_cursor", "nextCursor"], readText),
		hasMore: pick(layers, ["has_more", "hasMore"], readBoolean),
	};
}

/** The points that are left, or null where none of the names is there. */
export function parseBalance(body: unknown): number | null {
	const names = ["balance", "points_balance", "remaining_points", "remaining"];
	const more = ["points", "credits", "remainedCredits", "credit_balance"];
	return pick(listLayers(body), [...names, ...more], readNumber);
}

function findList(value: unknown, depth: number): unknown[] | null {
	if (Array.isArray(value)) return value;
	const layer = asLayer(value);
	if (layer === null || depth > 2) return null;
	for (const name of listNames) {
		const found = findList(readMember(layer, name), depth + 1);
		if (found !== null) return found;
	}
	return null;
}

/** It counts tasks, and names none. */
const isSum = (line: Layer) =>
	pick([line], countNames, readNumber) !== null &&
	pick([line], idNames.slice(0, 6), readText) === null;

function toSpend(line: Layer): Spend {
	const ids = idNames.flatMap((name) => readText(readMember(line, name)) ?? []);
	return {
		ids: [...new Set(ids)],
		points: pointsOf(line) ?? 0,
		at: pick([line], timeNames, readTime),
		action: pick([line], actionNames, readText),
		raw: line,
	};
}

/** A charge may be written as a change of the balance. */
function pointsOf(line: Layer): number | null {
	const points = pick([line], pointNames, readNumber);
	return points === null ? null : Math.abs(points);
}

function readNumber(value: unknown): number | null {
	const text = typeof value === "string" ? value.trim() : value;
	if (typeof text !== "number" && !/^-?\d+(\.\d+)?$/.test(String(text))) {
		return null;
	}
	const number = Number(text);
	return Number.isFinite(number) ? number : null;
}

function readText(value: unknown): string | null {
	if (typeof value === "number") return String(value);
	return typeof value === "string" && value !== "" ? value : null;
}

const readBoolean = (value: unknown) =>
	typeof value === "boolean" ? value : null;

/** ISO, or seconds or milliseconds since 1970: whichever lies in this century. */
function readTime(value: unknown): Date | null {
	const number = readNumber(value);
	const at =
		number === null
			? new Date(typeof value === "string" ? value : Number.NaN)
			: new Date(number < 100_000_000_000 ? number * 1000 : number);
	const year = at.getUTCFullYear();
	return year >= 2000 && year < 2200 ? at : null;
}
