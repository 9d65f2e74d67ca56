/** What jobs have cost and may cost; the three kinds of points together are what budgets count. */
export type UsageCounts = {
	jobs: number;
	/** POSTs to the provider. */
	submissions: number;
	/** Of jobs that succeeded. */
	video_seconds: number;
	/** Ended, and charged; the estimate where no price was told. */
	spent_points: number;
	/** Ended, and a charge cannot be excluded. */
	possible_points: number;
	/** Live. */
	reserved_points: number;
};

/** Which jobs a row counts: of what was not asked for it has null. */
export type UsageRow = UsageCounts & {
	day: string | null;
	mode: string | null;
	/** Null also for jobs without tags; one with several counts for each. */
	tag: string | null;
	state: string | null;
	/** Null also for jobs of an earlier release. */
	key: string | null;
};

/** The rows, sorted, and the sum over all jobs; null when there are more rows than an answer may have. */
export type Usage = { rows: UsageRow[] | null; total: UsageCounts };
