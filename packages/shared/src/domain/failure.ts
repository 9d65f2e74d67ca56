import type { Charge } from "./job.ts";
import type { JobError } from "./job-record.ts";
import type { ProviderError, ProviderOutput } from "./provider-answer.ts";

/** The error of a job whose task the provider took and then reported as failed. */
export function failedRender(error: ProviderError): JobError {
	return {
		code: "provider_failed",
		message: error.message,
		retryable: true,
		provider: error,
	};
}

/** The error of a job whose request the provider refused: sending it again would be refused again. */
export function refusedRequest(error: ProviderError): JobError {
	return {
		code: "provider_refused",
		message: error.message,
		retryable: false,
		provider: error,
	};
}

/** The provider charges for a success only; a failure that names a price is believed all the same. */
export function chargeForFailure(output: ProviderOutput): Charge {
	return (output.cost_points ?? 0) > 0 ? "yes" : "no";
}
