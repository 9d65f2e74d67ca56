import { disableAfterS, disabledReasons } from "../domain/endpoint.ts";
import type { EndpointRecord } from "../domain/endpoint-record.ts";
import { deliveryScheduleMs } from "../domain/retry.ts";

/** An endpoint as the API shows it. Of its headers only the names are known to readers. */
export function presentEndpoint(
	endpoint: EndpointRecord,
	headerNames: readonly string[],
) {
	const self = `/v1/endpoints/${endpoint.id}`;
	return {
		id: endpoint.id,
		url: endpoint.url,
		description: endpoint.description,
		events: endpoint.events,
		headers: Object.fromEntries(headerNames.map((name) => [name, "***"])),
		schedule_s:
			endpoint.schedule_s ?? deliveryScheduleMs.map((wait) => wait / 1000),
		rate_per_s: endpoint.rate_per_s,
		concurrency: endpoint.concurrency,
		ordered: endpoint.ordered,
		disabled: presentDisabled(endpoint),
		health: presentHealth(endpoint),
		created_at: endpoint.created_at.toISOString(),
		updated_at: endpoint.updated_at.toISOString(),
		links: {
			self,
			secrets: `${self}/secrets`,
			deliveries: `${self}/deliveries`,
			test: `${self}/test`,
		},
	};
}

/** The shape that `GET /v1/endpoints/{id}` answers with. */
export type EndpointView = ReturnType<typeof presentEndpoint>;

function presentDisabled({ disabled_at, disabled_reason }: EndpointRecord) {
	if (disabled_at === null || disabled_reason === null) return null;
	const { reason, fix } = disabledReasons[disabled_reason];
	const at = disabled_at.toISOString();
	return { at, code: disabled_reason, reason, fix };
}

/** Whether attempts succeed; `paused` is an open breaker, behind which events wait for the next probe. */
function presentHealth(endpoint: EndpointRecord) {
	const { failing_since, failure_streak, probe_at } = endpoint;
	if (failing_since === null) return { state: "healthy" as const };
	return {
		state: probe_at === null ? ("failing" as const) : ("paused" as const),
		failing_since: failing_since.toISOString(),
		failed_attempts: failure_streak,
		next_probe_at: probe_at?.toISOString() ?? null,
		disabled_if_failing_until: new Date(
			failing_since.getTime() + disableAfterS * 1000,
		).toISOString(),
	};
}
