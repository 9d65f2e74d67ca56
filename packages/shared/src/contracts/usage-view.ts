import { z } from "zod";
import { jobStates } from "../domain/job.ts";
import {
	maxUsageDays,
	maxUsageRows,
	type UsageGroup,
	type UsageRange,
	usageGroups,
} from "../domain/usage.ts";
import type { Usage, UsageCounts } from "../domain/usage-record.ts";
import { idSchema } from "./ids.ts";
import { wordList } from "./query.ts";

/** The years that JSON, JavaScript and Postgres write alike. */
const date = z.iso
	.date()
	.regex(/^2\d{3}-/, "is a day of the years 2000 to 2999");

/** The query of `GET /v1/usage`. */
export const usageQuerySchema = z.strictObject({
	from: date.optional().meta({
		description: `The first day, in UTC; ${maxUsageDays} days at most. Thirty days up to to, if it is not said.`,
	}),
	to: date.optional().meta({
		description: "The last day, in UTC; today, if it is not said.",
	}),
	group_by: wordList.pipe(z.array(z.enum(usageGroups))).meta({
		description: `What the rows tell apart; none is one sum alone. An answer has ${maxUsageRows} rows at most.`,
	}),
});

const counts = {
	jobs: z.int(),
	submissions: z.int().meta({ description: "POSTs to the provider." }),
	video_seconds: z.int().meta({ description: "Of jobs that succeeded." }),
	spent_points: z.int().meta({
		description:
			"Of jobs that ended and were charged for: what they cost, or their estimate where no price was told.",
	}),
	possible_points: z.int().meta({
		description: "Of jobs that ended and may have been charged for.",
	}),
	reserved_points: z.int().meta({
		description: "Of live jobs: what they may cost.",
	}),
};

const rowSchema = z
	.strictObject({
		day: z.iso.date().optional().meta({ description: "In UTC." }),
		mode: z.string().optional(),
		tag: z.string().nullable().optional().meta({
			description: "A job with several tags counts for each of them.",
		}),
		state: z.enum(jobStates).optional(),
		key_id: idSchema("key").nullable().optional().meta({
			description: "The API key that made the jobs.",
		}),
		...counts,
	})
	.meta({ id: "UsageRow" });

/** What jobs of some days have cost, by when they were created. */
export const usageViewSchema = z
	.strictObject({
		from: z.iso.date(),
		to: z.iso.date(),
		group_by: z.array(z.enum(usageGroups)),
		data: z.array(rowSchema),
		total: z.strictObject(counts),
	})
	.meta({ id: "Usage" });
export type UsageView = z.infer<typeof usageViewSchema>;

/** A usage as the API shows it; a row has the labels that were asked for. */
export function presentUsage(
	asked: UsageRange & { groups: readonly UsageGroup[] },
	usage: Usage & { rows: NonNullable<Usage["rows"]> },
): UsageView {
	const { from, until, groups } = asked;
	return {
		from: from.toISOString().slice(0, 10),
		to: new Date(until.getTime() - 1).toISOString().slice(0, 10),
		group_by: [...groups],
		data: usage.rows.map((row) => ({
			...(Object.fromEntries(
				groups.map((group) => [group === "key" ? "key_id" : group, row[group]]),
			) as Pick<UsageView["data"][number], "day">),
			...countsOf(row),
		})),
		total: countsOf(usage.total),
	};
}

function countsOf(row: UsageCounts): UsageCounts {
	const { jobs, submissions, video_seconds } = row;
	const { spent_points, possible_points, reserved_points } = row;
	return {
		jobs,
		submissions,
		video_seconds,
		spent_points,
		possible_points,
		reserved_points,
	};
}
