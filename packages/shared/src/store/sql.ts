import { Prisma } from "@reelay/prisma/client";

/** The states of a transition as a list for `WHERE state IN (…)`. */
export function oneOf(states: readonly string[]): Prisma.Sql {
	return Prisma.join([...states]);
}

/** The same as part of the text, for statements that are always of these states: the planner sees them, and nothing is sent. */
export function literals(words: readonly string[]): Prisma.Sql {
	return Prisma.raw(
		words.map((word) => `'${word.replaceAll("'", "''")}'`).join(", "),
	);
}

/** A value as a jsonb parameter; null stays SQL's null, not JSON's. */
export function jsonb(value: unknown): Prisma.Sql {
	const text =
		value === null || value === undefined ? null : JSON.stringify(value);
	return Prisma.sql`${text}::jsonb`;
}
