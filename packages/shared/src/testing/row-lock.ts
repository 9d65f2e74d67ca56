import pg from "pg";
import { eventually } from "./eventually.ts";

export type RowLock = {
	/** Waits until this many statements wait for a lock in this database. */
	waiters(count: number): Promise<void>;
	/** Writes something in the transaction that holds the lock, so that those who wait find it behind their backs. */
	write(statement: string): Promise<void>;
	/** Commits and lets them go on, in the order in which they came. */
	release(): Promise<void>;
};

const keys = {
	job: "id",
	submission: "id",
	governor: "provider",
	api_key: "id",
	delivery: "id",
	endpoint: "id",
};

/**
 * Locks one row from a connection of its own. It decides a race: statements that are started meanwhile have taken their
 * snapshot and wait, so that each sees the row as the one before it left it, and everything else as it was.
 */
export async function lockRow(
	url: string,
	row: { table: keyof typeof keys; id: string | number },
): Promise<RowLock> {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	await client.query("begin");
	await client.query(
		`select from ${row.table} where ${keys[row.table]} = $1 for no key update`,
		[row.id],
	);
	return {
		waiters: (count) =>
			eventually(
				async () => {
					// Within a transaction the view would be read once and then remembered.
					await client.query("select pg_stat_clear_snapshot()");
					const { rows } = await client.query(
						`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
					);
					if (rows.length < count) {
						throw new Error(`${rows.length} of ${count} statements wait`);
					}
				},
				{ everyMs: 5 },
			),
		async write(statement) {
			await client.query(statement);
		},
		async release() {
			await client.query("commit");
			await client.end();
		},
	};
}
