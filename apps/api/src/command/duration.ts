import { UsageError } from "./words.ts";

const unitS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Seconds from a text such as 90d, 12h, 30m or 45s; throws a UsageError that names the option. */
export function parseDuration(option: string, text: string): number {
	const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
	if (count === undefined || unit === undefined) {
		throw new UsageError(
			`--${option}: "${text}" is not a time such as 90d, 12h, 30m or 45s.`,
		);
	}
	return Number(count) * unitS[unit as keyof typeof unitS];
}

/** The instant that lies so far ahead, or that is given itself, as the API takes it; null when nothing is said. */
export function parseEnd(
	option: string,
	text: string | undefined,
	now: Date,
): string | null {
	if (text === undefined) return null;
	const isInstant = /^\d{4}-\d\d-\d\d/.test(text);
	const end = isInstant
		? new Date(text)
		: new Date(now.getTime() + parseDuration(option, text) * 1000);
	if (Number.isNaN(end.getTime())) {
		throw new UsageError(
			`--${option}: "${text}" is neither a time such as 90d nor an instant such as 2027-01-31.`,
		);
	}
	return end.toISOString();
}
