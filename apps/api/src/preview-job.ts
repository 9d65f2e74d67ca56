import type { JobPreview } from "@reelay/shared/contracts/job-preview";
import { findJobByExternalId } from "@reelay/shared/store/jobs";
import {
	type CreateJobDeps,
	type CreateJobInput,
	externalIdTaken,
	toNewJob,
} from "./create-job.ts";
import type { Forecast } from "./outlook.ts";

/**
 * Everything that creating this job would check, and nothing of what it would do: the input as the provider would get it,
 * what is odd in it, and how long it may take. What is wrong is the problem that creating it would answer with.
 */
export async function previewJob(
	deps: CreateJobDeps & { forecast: Forecast },
	request: Omit<CreateJobInput, "idempotencyKey">,
): Promise<JobPreview> {
	const job = toNewJob(deps, { ...request, idempotencyKey: null });
	const { externalId, tenantId } = job;
	if (externalId !== null) {
		const other = await findJobByExternalId(deps.db, tenantId, externalId);
		if (other !== null) throw externalIdTaken(externalId);
	}
	const price = await deps.estimatePrice(job);
	const times = await deps.forecast.timesOf({
		...job,
		price_class: price?.priceClass ?? null,
	});
	return {
		valid: true,
		action: job.action,
		mode: job.mode,
		input: job.input,
		warnings: job.warnings as JobPreview["warnings"],
		estimate: {
			points: price?.estimatePoints ?? null,
			render_s_p50: times === null ? null : Math.round(times.p50),
			render_s_p90: times === null ? null : Math.round(times.p90),
		},
	};
}
