import { createPrismaClient, type PrismaClient } from "@reelay/prisma/client";
import { listPendingMigrations } from "@reelay/prisma/migrate";

/** The handle that every store function takes first. */
export type Database = Pick<PrismaClient, "$queryRaw" | "$executeRaw">;

/** `check` is for readiness: null when Postgres answers. `close` waits for statements under way and may be called twice. */
export type OpenDatabase = {
	db: Database;
	check(): Promise<string | null>;
	close(): Promise<void>;
};

// A database that starts beside us, or is too busy for a moment, is no reason to give up.
const startingMs = 15_000;

/**
 * Opens a pool of connections to a database whose migrations are all applied; throws with the command to run when some
 * are not, because a process on an older schema would fail at its first statement instead. A database that does not answer
 * is waited for, for 15 s; with `mayBeAway` not at all, and it is no reason not to start.
 */
export async function openDatabase(options: {
	url: string;
	applicationName: string;
	poolSize: number;
	/** How long one statement may take in the server. */
	statementTimeoutMs?: number;
	mayBeAway?: boolean;
	/** For the engine's own statements: each keeps its plan, which uses indexes whatever the tables hold. */
	keepsPlans?: boolean;
}): Promise<OpenDatabase> {
	const pending = await listPendingMigrations({
		url: options.url,
		waitMs: options.mayBeAway ? 0 : startingMs,
	}).catch((error: unknown) => {
		if (options.mayBeAway && isDatabaseUnavailable(error)) return [];
		throw error;
	});
	if (pending.length > 0) {
		throw new Error(
			`The database lacks ${pending.length} migration(s), the first is ${pending[0]}: run npm run db:migrate.`,
		);
	}
	const prisma = createPrismaClient(options);
	return {
		db: prisma,
		async check() {
			try {
				await prisma.$queryRaw`select 1`;
				return null;
			} catch {
				return "Postgres does not answer";
			}
		},
		close: () => prisma.$disconnect(),
	};
}

// Postgres' classes of "not now": connection exceptions, resources, operator intervention (a shutdown, a start).
const unavailableStates = /^(08|53|57P)/;
const unavailableCodes = new Set([
	"P1001",
	"P1002",
	"P1008",
	"P1017",
	"P2024",
	"ECONNREFUSED",
	"ECONNRESET",
	"EPIPE",
	"ENOTFOUND",
	"ETIMEDOUT",
	"EAI_AGAIN",
	"EHOSTUNREACH",
	"ENETUNREACH",
]);
const unavailableWords =
	/connection terminated|timeout exceeded when trying to connect|timeout expired|query read timeout|can't reach database|connection.*closed/i;

// Postgres' ways of ending one statement that may succeed when it is sent again: a serialization failure, a deadlock, a
// lock that was not free, and a timeout.
const passingStates = new Set(["40001", "40P01", "55P03", "57014"]);

/** True when the statement failed because the database cannot be reached, so that the same call may succeed later. */
export function isDatabaseUnavailable(error: unknown): boolean {
	return someCause(
		error,
		({ codes, message }) =>
			codes.some(
				(code) => unavailableCodes.has(code) || unavailableStates.test(code),
			) || unavailableWords.test(message),
	);
}

/**
 * True when the database is there and gave up this one statement, so that the same call may succeed a moment later. After
 * a timeout it may have been committed all the same.
 */
export function isStatementGivenUp(error: unknown): boolean {
	return someCause(error, ({ codes }) =>
		codes.some((code) => passingStates.has(code)),
	);
}

// A value that does not fit, a constraint that does not hold, what a trigger of ours refuses, and two that waited for each
// other. Not 40003, which says that nobody knows.
const undoneStates = /^((22|23|RL).*|40(001|002|P01))$/;

/** True when the database says that nothing of the statement is written, because of one of its rows or of another's. */
export function isStatementUndone(error: unknown): boolean {
	return someCause(error, ({ codes }) =>
		codes.some((code) => undoneStates.test(code)),
	);
}

/** True when the statement was undone because a row with one of its unique values is there already. */
export function isUniqueViolation(error: unknown): boolean {
	return someCause(error, ({ codes }) => codes.includes("23505"));
}

/** True when the statement was undone because a row that it removes is referred to. */
export function isForeignKeyViolation(error: unknown): boolean {
	return someCause(error, ({ codes }) => codes.includes("23503"));
}

/** What one layer of an error tells. */
type Told = { codes: string[]; message: string; detail: string | null };

/** Whether the error, or what lies behind it, is as described. */
function someCause(error: unknown, isIt: (told: Told) => boolean): boolean {
	return findCause(error, (told) => (isIt(told) ? told : null)) !== null;
}

/** The first thing that is found in an error or behind it, or null; drivers and Prisma wrap what Postgres said. */
export function findCause<T>(
	error: unknown,
	find: (told: Told) => T | null,
): T | null {
	for (let depth = 0; depth < 5; depth += 1) {
		if (typeof error !== "object" || error === null) return null;
		const { code, originalCode, message, detail, cause, meta } = error as {
			code?: unknown;
			originalCode?: unknown;
			message?: unknown;
			detail?: unknown;
			cause?: unknown;
			meta?: { driverAdapterError?: unknown };
		};
		const codes = [code, originalCode].filter(
			(value) => typeof value === "string",
		);
		const found = find({
			codes,
			message: typeof message === "string" ? message : "",
			detail: typeof detail === "string" ? detail : null,
		});
		if (found !== null) return found;
		error = meta?.driverAdapterError ?? cause;
	}
	return null;
}
