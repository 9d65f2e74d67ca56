import { Prisma } from "@reelay/prisma/client";
import type { Database } from "../store/database.ts";

/**
 * A database that tells `onStatement` of each use before it happens. A statement waits for what that returns, and fails
 * with what it throws, so that a test can hold one back, count them, or make the database fail.
 */
export function watchDatabase(
	db: Database,
	onStatement: (sql: string) => void | Promise<void>,
): Database {
	return new Proxy(db, {
		get(target, name) {
			if (name === "$queryRaw" || name === "$executeRaw") {
				return async (query: Query, ...values: unknown[]) => {
					await onStatement(textOf(query, values));
					return target[name](query as TemplateStringsArray, ...values);
				};
			}
			void onStatement(String(name));
			return Reflect.get(target, name);
		},
	});
}

type Query = readonly string[] | { sql: string };

/** The text of a statement with that of the fragments in it, without its parameters. */
function textOf(query: Query, values: readonly unknown[]): string {
	return "sql" in query ? query.sql : Prisma.sql(query, ...values).sql;
}
