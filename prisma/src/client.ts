import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client.ts";
import { createStatementNames, withRenewedPlans } from "./prepared.ts";

export { Prisma, PrismaClient } from "./generated/client.ts";

export type PrismaClientOptions = {
	url: string;
	/** Shown in pg_stat_activity, so that an operator sees who holds what. */
	applicationName: string;
	poolSize: number;
	connectionTimeoutMs?: number;
	statementTimeoutMs?: number;
	/** Told of a connection that broke while idle; the pool replaces it. */
	onConnectionLost?: (error: Error) => void;
};

// How much longer than the server's own limit the client waits for an answer.
// It only ever passes when the connection is half-open and nothing can answer.
const answerGraceMs = 2_000;

/**
 * A Prisma client on a bounded pool. Every wait has an end: for a free
 * connection, for a statement in the server, and for an answer that a
 * half-open connection will never bring. It connects at the first query.
 */
export function createPrismaClient({
	url,
	applicationName,
	poolSize,
	connectionTimeoutMs = 5_000,
	statementTimeoutMs = 15_000,
	onConnectionLost = () => {},
}: PrismaClientOptions): PrismaClient {
	const names = createStatementNames();
	const adapter = new PrismaPg(
		{
			connectionString: url,
			application_name: applicationName,
			max: poolSize,
			connectionTimeoutMillis: connectionTimeoutMs,
			statement_timeout: statementTimeoutMs,
			query_timeout: statementTimeoutMs + answerGraceMs,
			keepAlive: true,
		},
		{
			onPoolError: onConnectionLost,
			onConnectionError: onConnectionLost,
			statementNameGenerator: ({ sql }) => names.nameOf(sql),
		},
	);
	return withRenewedPlans(new PrismaClient({ adapter }), names);
}
