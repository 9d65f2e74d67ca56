import type { Database } from "./database.ts";

export type OpenTransaction = {
	kind: "session" | "prepared";
	age_s: number;
	/** Null of a prepared transaction, which belongs to no session any more. */
	pid: number | null;
	/** The session's application_name, or the name under which a transaction was prepared. */
	application: string;
	/** As pg_stat_activity has it: active, or idle in transaction. */
	state: string;
};

/**
 * The transaction of each kind that has been open for longest in this database, none where there is none. While one is
 * open Postgres removes no row version that is younger, so every claim reads past all that were replaced since. A role
 * sees the sessions of others only as a member of pg_read_all_stats, and its own in any case.
 */
export async function listOldestTransactions(
	db: Database,
): Promise<OpenTransaction[]> {
	return db.$queryRaw<OpenTransaction[]>`
		(select 'session' as kind, extract(epoch from clock_timestamp() - xact_start)::float8 as age_s, pid,
			application_name as application, state
		from pg_stat_activity
		where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
			and xact_start is not null
		order by xact_start limit 1)
		union all
		(select 'prepared', extract(epoch from clock_timestamp() - prepared)::float8, null, gid, 'prepared'
		from pg_prepared_xacts where database = current_database() order by prepared limit 1)`;
}
