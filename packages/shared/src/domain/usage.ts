/** By what usage may be told apart, in the order in which its rows show it. */
export const usageGroups = ["day", "mode", "tag", "state", "key"] as const;
export type UsageGroup = (typeof usageGroups)[number];

/** How many days one question may be about. */
export const maxUsageDays = 366;

/** How many rows an answer may have; a question that has more is asked about fewer days, or without its tags. */
export const maxUsageRows = 5_000;

const usualDays = 30;
const dayMs = 86_400_000;

/** The days of a question in UTC: from the beginning of `from`, until the beginning of `until`, which is not in it. */
export type UsageRange = { from: Date; until: Date };

/** The days that are meant, the last one included, or why they cannot be: thirty days up to today where nothing is said. */
export function decideUsageRange(
	asked: { from?: string | undefined; to?: string | undefined },
	now: Date,
): UsageRange | { parameter: "from" | "to"; message: string } {
	const today = now.toISOString().slice(0, 10);
	const last = new Date(`${asked.to ?? today}T00:00:00.000Z`);
	const usual = new Date(last.getTime() - (usualDays - 1) * dayMs);
	const from =
		asked.from === undefined ? usual : new Date(`${asked.from}T00:00:00.000Z`);
	const days = (last.getTime() - from.getTime()) / dayMs + 1;
	if (days < 1) {
		return { parameter: "from", message: "It must not be behind to." };
	}
	if (days > maxUsageDays) {
		const message = `It may be ${maxUsageDays} days before to, that day included.`;
		return { parameter: "from", message };
	}
	return { from, until: new Date(last.getTime() + dayMs) };
}
