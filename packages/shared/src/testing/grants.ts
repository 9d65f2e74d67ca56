import { aJob, submissionOf } from "./factories.ts";
import type { TestStore } from "./store.ts";

/** Submissions that the governor granted so many seconds ago, the oldest first, and that have ended. */
export async function grantedAgo(
	store: TestStore,
	...agesS: number[]
): Promise<void> {
	for (const ageS of agesS) {
		const job = await aJob(store, { state: "failed" });
		await store.db.$executeRaw`
			with granted as (update governor set granted = granted + 1 returning granted)
			update submission set grant_no = granted.granted,
				intent_at = clock_timestamp() - make_interval(secs => ${ageS}::float8)
			from granted where id = ${submissionOf(job)}`;
	}
}

/** Lets every grant be so many seconds older. */
export async function ageGrants(
	{ db }: TestStore,
	seconds: number,
): Promise<void> {
	await db.$executeRaw`
		update submission set intent_at = intent_at - make_interval(secs => ${seconds}::float8) where grant_no is not null`;
}
