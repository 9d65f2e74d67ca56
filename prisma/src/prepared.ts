import { createHash } from "node:crypto";
import type { PrismaClient } from "./generated/client.ts";

/**
 * Names for prepared statements, one for each text. Postgres plans a named one a few times and then keeps the plan, where that is
 * no worse; planning is more than half of what our short statements cost.
 */
export type StatementNames = {
	/** The text's name; the empty one, under which nothing is kept, once there are more texts than a program has. */
	nameOfQuery(query: { sql: string }): string;
	/** Gives every text another name, so that it is planned anew. */
	renew(): void;
};

// We have about a hundred and fifty, and every connection keeps what it has prepared.
const maxNames = 1_000;

/** Makes them; each client has its own. */
export function createStatementNames(): StatementNames {
	const names = new Map<string, string>();
	let generation = 0;
	return {
		nameOfQuery({ sql: text }) {
			const known = names.get(text);
			if (known !== undefined) return known;
			if (names.size >= maxNames) return "";
			const hash = createHash("sha256").update(text).digest("base64url");
			const name = `s${generation}_${hash.slice(0, 22)}`;
			names.set(text, name);
			return name;
		},
		renew() {
			generation += 1;
			names.clear();
		},
	};
}

/**
 * The client, which runs a statement again whose kept plan a migration has outdated (a `select *` of a table that has another
 * column now). Postgres says so before it runs anything of it, so nothing is done twice.
 */
export function withRenewedPlans(
	prisma: PrismaClient,
	names: StatementNames,
): PrismaClient {
	return prisma.$extends({
		query: {
			async $allOperations({ args, query }) {
				try {
					return await query(args);
				} catch (error) {
					if (!isPlanOutdated(error)) throw error;
					names.renew();
					return await query(args);
				}
			},
		},
	}) as unknown as PrismaClient;
}

function isPlanOutdated(error: unknown): boolean {
	return /cached plan must not change result type/i.test(String(error));
}
