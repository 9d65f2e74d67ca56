import {
	type PostgresFaults,
	type StatementFault,
	startPostgresFaults,
} from "@reelay/shared/testing/postgres-faults";
import type { Bell } from "../journeys/stage.ts";
import { startOwnPostgres } from "./own-postgres.ts";
import { type FaultStage, openFaultStage } from "./stage.ts";

/** A fault stage whose processes reach Postgres through a proxy that can break single statements of theirs. */
export type StatementStage = FaultStage & { faults: PostgresFaults };

/** Opens it with a Postgres of its own. Null where the bell is missing. */
export async function openStatementStage(
	bell: Bell,
	env: Record<string, string> = {},
): Promise<StatementStage | null> {
	const own = await startOwnPostgres();
	const faults = await startPostgresFaults(own.url);
	const closeAll = async () => {
		await faults.close();
		await own.close();
	};
	try {
		const stage = await openFaultStage(bell, {
			env: { ...env, DATABASE_URL: faults.url },
		});
		if (stage === null) {
			await closeAll();
			return null;
		}
		return {
			...stage,
			faults,
			async close() {
				faults.decide(null);
				await stage.close();
				await closeAll();
			},
		};
	} catch (error) {
		await closeAll();
		throw error;
	}
}

/** A statement of the engine, told by who sends it and by a piece of its text that no other has. */
export type Struck = {
	name: string;
	by: "api" | "worker" | "webhook";
	piece: string;
	/** What a statement of another kind has, that has the piece too. */
	not?: string;
};

export type Strikes = {
	/** Those that have not fired yet. */
	left(): string[];
};

/**
 * Each statement is executed and committed once, and then answered as if it had run into its timeout. It waits for one
 * that changes something: of a sweep that found nothing there would be nothing to lose.
 */
export function strikeEachOnce(
	faults: PostgresFaults,
	table: readonly Struck[],
): Strikes {
	const left = [...table];
	faults.decide(({ sql, application }) => {
		const struck = left.find(
			({ by, piece, not }) =>
				application === `reelay-${by}` &&
				sql.includes(piece) &&
				(not === undefined || !sql.includes(not)),
		);
		if (struck === undefined) return null;
		return executedButTimedOut(() => {
			const at = left.indexOf(struck);
			if (at >= 0) left.splice(at, 1);
		});
	});
	return { left: () => left.map(({ name }) => name) };
}

const nothing = new Set(["0", "f", null]);

function executedButTimedOut(onFired: () => void): StatementFault {
	return {
		when: "executed",
		sqlState: "57014",
		onFired,
		unless: ({ tag, rows }) => {
			const hasChanged = /^(INSERT 0|UPDATE|DELETE) [1-9]/.test(tag);
			const hasTold = rows.flat().some((value) => !nothing.has(value));
			return !hasChanged && !hasTold;
		},
	};
}
