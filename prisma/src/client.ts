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
	/**
	 * For short statements that are run again and again: each is planned once on each connection, for indexes and whatever the
	 * tables hold. What is asked seldom, or reads much, is better planned each time, by its values.
	 */
	keepsPlans?: boolean;
	/** Told of a connection that broke while idle; the pool replaces it. */
	onConnectionLost?: (error: Error) => void;
};

// How much longer than the server's own limit the client waits for an answer.
// It only ever passes when the connection is half-open and nothing can answer.
const answerGraceMs = 2_000;

// A plan that is kept must not depend on how little a table held when it was made: over an empty one, reading all of it
// looks cheapest. Our short statements have an index for each step, and this says to use it. What they are estimated to cost is
// then not to be believed, and code that is compiled for a costly one would take longer than any of them.
const keptPlans = [
	"plan_cache_mode=force_generic_plan",
	"enable_seqscan=off",
	"enable_hashjoin=off",
	"enable_mergejoin=off",
	"jit=off",
]
	.map((setting) => `-c ${setting}`)
	.join(" ");

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
	keepsPlans = false,
	onConnectionLost = () => {},
}: PrismaClientOptions): PrismaClient {
	const names = keepsPlans ? createStatementNames() : null;
	const adapter = new PrismaPg(
		{
			connectionString: url,
			application_name: applicationName,
			max: poolSize,
			connectionTimeoutMillis: connectionTimeoutMs,
			statement_timeout: statementTimeoutMs,
			query_timeout: statementTimeoutMs + answerGraceMs,
			keepAlive: true,
			...(keepsPlans ? { options: keptPlans } : {}),
		},
		{
			onPoolError: onConnectionLost,
			onConnectionError: onConnectionLost,
			...(names ? { statementNameGenerator: names.nameOfQuery } : {}),
		},
	);
	// The other formats quote the calling line, and take a stack trace for that at every query, whether it fails or not.
	const prisma = new PrismaClient({ adapter, errorFormat: "minimal" });
	return names ? withRenewedPlans(prisma, names) : prisma;
}
