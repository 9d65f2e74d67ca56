import type { JobRecord } from "../domain/job-record.ts";
import { insertJob, insertJobs, type NewJob } from "./accept.ts";
import { type Database, isStatementUndone } from "./database.ts";
import { shareStatement } from "./together.ts";

/** Writes one job; what `insertJob` promises, it promises. */
export type JobInserter = (job: NewJob) => Promise<JobRecord | null>;

/**
 * An `insertJob` whose concurrent callers share a statement and its commit. Only jobs of one tenant go together: tenants with
 * budgets wait for their own counters alone, one whose budget is spent costs only its own jobs a second try, and none takes
 * more than two connections. Where a row is refused, which undoes the whole statement, each job is written by itself. Any
 * other failure is every caller's: it is not known then what came of the statement, and to write it again might pay twice.
 */
export function createJobInserter(db: Database): JobInserter {
	return shareStatement<NewJob, JobRecord | null>({
		nameOf: ({ tenantId }) => tenantId,
		// One is written while the next gathers; more at once would only make the groups smaller.
		maxInFlight: 2,
		maxItems: 64,
		together: (jobs) => insertJobs(db, jobs),
		alone: (job) => insertJob(db, job),
		mayRepeat: isStatementUndone,
	});
}
