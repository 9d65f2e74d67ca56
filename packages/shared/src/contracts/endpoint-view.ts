import { z } from "zod";
import {
	type DisabledReason,
	disableAfterS,
	disabledReasons,
} from "../domain/endpoint.ts";
import type { EndpointRecord } from "../domain/endpoint-record.ts";
import { deliveryScheduleMs } from "../domain/retry.ts";
import { idSchema, instant } from "./ids.ts";

const disabled = z
	.strictObject({
		at: instant,
		code: z.enum(Object.keys(disabledReasons) as DisabledReason[]),
		reason: z.string(),
		fix: z.string(),
	})
	.nullable()
	.meta({ description: "Why it gets nothing; null when it is enabled." });

const health = z
	.discriminatedUnion("state", [
		z.strictObject({ state: z.literal("healthy") }),
		z.strictObject({
			state: z.enum(["failing", "paused"]),
			failing_since: instant,
			failed_attempts: z.int(),
			next_probe_at: instant.nullable(),
			disabled_if_failing_until: instant,
		}),
	])
	.meta({
		description:
			"paused: after ten failures in a row one event at a time asks whether it works again, and the others wait.",
	});

/** An endpoint: where events go, and how. */
export const endpointSchema = z
	.strictObject({
		id: idSchema("endpoint"),
		url: z.string(),
		description: z.string().nullable(),
		events: z.array(z.string()),
		headers: z.record(z.string(), z.literal("***")),
		schedule_s: z.array(z.number()),
		rate_per_s: z.number().nullable(),
		concurrency: z.int(),
		ordered: z.boolean(),
		disabled,
		health,
		created_at: instant,
		updated_at: instant,
		links: z.strictObject({
			self: z.string(),
			secrets: z.string(),
			deliveries: z.string(),
			test: z.string(),
		}),
	})
	.meta({ id: "Endpoint" });

/** The shape that `GET /v1/endpoints/{id}` answers with. */
export type EndpointView = z.infer<typeof endpointSchema>;

/** An endpoint with its first secret, as only the answer that made it shows it. */
export const createdEndpointSchema = endpointSchema
	.extend({
		secret: z.string().meta({
			description: "Verifies what it is sent. It is shown this once.",
		}),
	})
	.meta({ id: "CreatedEndpoint" });

/** A secret, or a key pair, that signs an endpoint's deliveries. */
export const secretSchema = z
	.strictObject({
		id: idSchema("secret"),
		kind: z.enum(["hmac", "ed25519"]),
		public_key: z.string().nullable().meta({
			description: "whpk_…, which verifies what an ed25519 pair signs.",
		}),
		created_at: instant,
		expires_at: instant.nullable().meta({
			description: "Signs until then; null is for ever.",
		}),
	})
	.meta({ id: "Secret" });

/** A secret as only the answer that made it shows it. */
export const createdSecretSchema = secretSchema
	.extend({
		secret: z.string().nullable().meta({
			description: "whsec_…, shown this once; null for a key pair.",
		}),
	})
	.meta({ id: "CreatedSecret" });

/** An endpoint as the API shows it. Of its headers only the names are known to readers. */
export function presentEndpoint(
	endpoint: EndpointRecord,
	headerNames: readonly string[],
): EndpointView {
	const self = `/v1/endpoints/${endpoint.id}`;
	return {
		id: endpoint.id,
		url: endpoint.url,
		description: endpoint.description,
		events: endpoint.events,
		headers: Object.fromEntries(
			headerNames.map((name) => [name, "***" as const]),
		),
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
