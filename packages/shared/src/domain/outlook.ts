/** How long renders of one kind took, in seconds. */
export type RenderTimes = { p50: number; p90: number };

/** Ready jobs of one tenant in one class of priority; counted up to a bound. */
export type Crowd = {
	priority: number;
	tenant_id: string;
	weight: number;
	count: number;
};

/** What the provider takes, and how much of it is left. */
export type Pace = {
	/** Submissions that may begin in a second. */
	perSecond: number;
	concurrency: number;
	freeSlots: number;
	/** False while it refuses every job. */
	isOpen: boolean;
};

/** What a job may expect. */
export type Outlook = {
	/** How many jobs are submitted up to this one, itself included; null once it has been. */
	position: number | null;
	likelyAt: Date | null;
	latestAt: Date | null;
};

/**
 * About how many jobs are submitted up to one that has `ahead` of its own tenant's before it: all of the higher classes,
 * and of each other tenant in its own class as many as have their turns by then, by weight.
 */
export function queuePosition(
	job: { priority: number; tenantId: string; ahead: number },
	crowds: readonly Crowd[],
): number {
	const own = crowds.find(
		({ priority, tenant_id }) =>
			priority === job.priority && tenant_id === job.tenantId,
	);
	const turns = (job.ahead + 1) / (own?.weight ?? 1);
	const others = crowds
		.filter(({ tenant_id, priority }) =>
			priority === job.priority
				? tenant_id !== job.tenantId
				: priority < job.priority,
		)
		.map(({ priority, weight, count }) =>
			priority < job.priority
				? count
				: Math.min(count, Math.floor(turns * weight)),
		);
	return others.reduce((sum, count) => sum + count, job.ahead + 1);
}

/** Seconds until so many jobs have been submitted; null when that cannot be said. */
export function secondsUntilSubmitted(
	position: number,
	pace: Pace,
	times: RenderTimes | null,
): number | null {
	if (!pace.isOpen) return null;
	const atOnce = Math.min(position, pace.freeSlots);
	const later = position - atOnce;
	if (later === 0) return atOnce / pace.perSecond;
	// Once every slot is taken, one is free again whenever a render ends.
	if (times === null) return null;
	const sustained = Math.min(pace.perSecond, pace.concurrency / times.p50);
	return atOnce / pace.perSecond + later / sustained;
}

/** When a job that is submitted at that instant will have its video; null where that has passed. */
export function completion(
	submittedAt: Date,
	times: RenderTimes,
	now: Date,
): Pick<Outlook, "likelyAt" | "latestAt"> {
	const behind = (seconds: number) => {
		const at = new Date(submittedAt.getTime() + seconds * 1000);
		return at > now ? at : null;
	};
	return { likelyAt: behind(times.p50), latestAt: behind(times.p90) };
}
