import type { listJobsSchema } from "@reelay/shared/contracts/job-api";
import type { JobFilter } from "@reelay/shared/store/list-jobs";
import type { z } from "zod";

/** The query of a list of jobs, in the store's words. */
export function filterOf(query: z.output<typeof listJobsSchema>): JobFilter {
	const { created_from: from, created_before: before } = query;
	return {
		states: query.state,
		modes: query.mode,
		errorCodes: query.error_code,
		tags: query.tag,
		metadata: Object.fromEntries(query.metadata.map(splitPair)),
		externalId: query.external_id,
		batchId: query.batch,
		retryOf: query.retry_of,
		createdFrom: from === undefined ? undefined : new Date(from),
		createdBefore: before === undefined ? undefined : new Date(before),
	};
}

/** The first colon divides, so that a value may hold more of them. */
function splitPair(pair: string): [string, string] {
	const at = pair.indexOf(":");
	return [pair.slice(0, at), pair.slice(at + 1)];
}
