import { randomUUID } from "node:crypto";
import type pg from "pg";
import { connectWhenReady } from "./connect.ts";
import {
	type Migration,
	readMigrations,
	shippedMigrations,
} from "./migration-folder.ts";

export type MigrateOptions = {
	url: string;
	folder?: string;
	/** Called after each migration is committed. */
	onApplied?: (name: string) => void;
	/** How long a database that is still starting is waited for. */
	waitMs?: number;
};

type AppliedRow = {
	migration_name: string;
	checksum: string;
	finished_at: Date | null;
};

// Prisma's own number: our runner and `prisma migrate deploy` exclude each
// other.
const lockId = 72_707_369;
const lockTimeoutMs = 60_000;

const deadlockDetected = "40P01";
// Each takes a second to be detected; one that comes back so often will not go away.
const maxTries = 20;

// Prisma's own table, column by column.
const historyTable = `
create table if not exists _prisma_migrations (
  id                  varchar(36)  primary key not null,
  checksum            varchar(64)  not null,
  finished_at         timestamptz,
  migration_name      varchar(255) not null,
  logs                text,
  rolled_back_at      timestamptz,
  started_at          timestamptz  not null default now(),
  applied_steps_count integer      not null default 0
)`;

/**
 * Brings the database to the newest migration. Safe to call from several
 * processes at once and any number of times: one works, the others wait and
 * find nothing to do. Each migration commits together with its row in
 * Prisma's history, so a failure or a crash leaves nothing half-applied.
 * Throws when an applied migration was edited since.
 */
export async function applyMigrations({
	url,
	folder = shippedMigrations,
	onApplied = () => {},
	waitMs = 30_000,
}: MigrateOptions): Promise<{ applied: string[] }> {
	const migrations = await readMigrations(folder);
	const client = await connectWhenReady(url, waitMs);
	try {
		await takeLock(client);
		await client.query(historyTable);
		const pending = findPending(migrations, await readHistory(client));
		for (const migration of pending) {
			await applyBesideOthers(client, migration);
			onApplied(migration.name);
		}
		return { applied: pending.map((migration) => migration.name) };
	} finally {
		// The lock belongs to the session, so it ends with the connection.
		await client.end();
	}
}

/**
 * The names of migrations that the database still lacks, for a readiness
 * check. Takes no lock and writes nothing. Waits for a database that is still
 * starting only when it is told for how long.
 */
export async function listPendingMigrations({
	url,
	folder = shippedMigrations,
	waitMs = 0,
}: Omit<MigrateOptions, "onApplied">): Promise<string[]> {
	const migrations = await readMigrations(folder);
	const client = await connectWhenReady(url, waitMs);
	try {
		const { rows } = await client.query<{ exists: boolean }>(
			"select to_regclass('_prisma_migrations') is not null as exists",
		);
		const history = rows[0]?.exists ? await readHistory(client) : [];
		return findPending(migrations, history).map((migration) => migration.name);
	} finally {
		await client.end();
	}
}

async function takeLock(client: pg.Client): Promise<void> {
	await client.query(`set lock_timeout = ${lockTimeoutMs}`);
	try {
		await client.query("select pg_advisory_lock($1)", [lockId]);
	} catch (error) {
		throw new Error(
			`Another process has been migrating this database for more than ${lockTimeoutMs / 1000} s.`,
			{ cause: error },
		);
	}
	await client.query("set lock_timeout = 0");
}

async function readHistory(client: pg.Client): Promise<AppliedRow[]> {
	const { rows } = await client.query<AppliedRow>(
		`select migration_name, checksum, finished_at
		   from _prisma_migrations where rolled_back_at is null`,
	);
	return rows;
}

// A row that no file has is a newer release's: its process may still be
// running beside this one, so it is not an error.
function findPending(
	migrations: Migration[],
	history: AppliedRow[],
): Migration[] {
	const rows = new Map(history.map((row) => [row.migration_name, row]));
	return migrations.filter((migration) => {
		const row = rows.get(migration.name);
		if (row && row.finished_at === null) {
			throw new Error(
				`Migration ${migration.name} was started by another tool and never finished; settle it with "prisma migrate resolve" first.`,
			);
		}
		if (row && !isReleased(migration, row.checksum)) {
			throw new Error(
				`Migration ${migration.name} was edited after it was applied. Restore the file and put the change into a new migration.`,
			);
		}
		return !row;
	});
}

const isReleased = (migration: Migration, checksum: string) =>
	[migration.checksum, ...migration.formerChecksums].includes(checksum);

/**
 * Processes may be running, and lock the same tables in another order. Postgres ends such a deadlock by undoing one of the
 * two, and when that is the migration, nothing of it is left: it is applied again.
 */
async function applyBesideOthers(
	client: pg.Client,
	migration: Migration,
): Promise<void> {
	for (let tries = 1; ; tries += 1) {
		try {
			await applyOne(client, migration);
			return;
		} catch (error) {
			const { code } = (error as Error).cause as { code?: string };
			if (code !== deadlockDetected || tries === maxTries) throw error;
		}
	}
}

async function applyOne(
	client: pg.Client,
	{ name, sql, checksum }: Migration,
): Promise<void> {
	try {
		await client.query("begin");
		await client.query(sql);
		await client.query(
			`insert into _prisma_migrations
			   (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
			 values ($1, $2, $3, now(), clock_timestamp(), 1)`,
			[randomUUID(), checksum, name],
		);
		await client.query("commit");
	} catch (error) {
		await client.query("rollback").catch(() => {});
		throw new Error(
			`Migration ${name} failed and was undone: ${(error as Error).message}${lineOf(sql, error)}`,
			{ cause: error },
		);
	}
}

function lineOf(sql: string, error: unknown): string {
	const position = Number((error as { position?: string }).position);
	if (!position) return "";
	return ` (line ${sql.slice(0, position).split("\n").length})`;
}
