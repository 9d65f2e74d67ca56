import { z } from "zod";
import { deliveryStates } from "../domain/delivery-record.ts";
import {
	defaultConcurrency,
	defaultOverlapS,
	maxHeaderLength,
	maxHeaders,
	maxOverlapS,
} from "../domain/endpoint.ts";
import { defaultEventFilters, eventTypes } from "../domain/event.ts";
import { defaultReplayedStates, replayStates } from "../domain/replay.ts";
import { cursor, limitOf } from "./page.ts";
import { wordList } from "./query.ts";

const day = 24 * 3600;

const url = z.string().min(1).max(2048).meta({
	description: "Where events are POSTed; it must be https and public.",
});
const description = z.string().max(500).nullable();
const events = z.array(z.string().min(1).max(64)).min(1).max(20).meta({
	description: "Types of events, video.* for all that begin so, * for all.",
});
const headers = z
	.record(z.string().max(64), z.string().max(maxHeaderLength))
	.refine((value) => Object.keys(value).length <= maxHeaders, {
		message: `holds at most ${maxHeaders} headers`,
	})
	.meta({
		description: "Sent with every request; values are not shown again.",
	});
const scheduleS = z
	.array(
		z
			.int()
			.min(0)
			.max(7 * day),
	)
	.min(1)
	.max(20)
	.nullable()
	.meta({ description: "Seconds before each attempt; null is the usual one." });
const ratePerS = z.number().min(0.01).max(1000).nullable().meta({
	description:
		"The most requests that are begun in a second; null is no limit.",
});
const concurrency = z.int().min(1).max(100);
const ordered = z.boolean().meta({
	description:
		"An event waits until the one before it is delivered or given up; concurrency is 1 then.",
});

/** The body of `POST /v1/endpoints`. */
export const createEndpointSchema = z
	.strictObject({
		url,
		description: description.default(null),
		events: events.default([...defaultEventFilters]),
		headers: headers.default({}),
		schedule_s: scheduleS.default(null),
		rate_per_s: ratePerS.default(null),
		concurrency: concurrency.optional(),
		ordered: ordered.default(false),
		secret: z.string().max(200).optional().meta({
			description: "A whsec_ secret of your own; without it one is made.",
		}),
		disabled: z.boolean().default(false),
	})
	.meta({ id: "CreateEndpoint" });

/** The body of `PATCH /v1/endpoints/{id}`: what it names is changed, and nothing else. */
export const patchEndpointSchema = z
	.strictObject({
		url: url.optional(),
		description: description.optional(),
		events: events.optional(),
		headers: headers.optional(),
		schedule_s: scheduleS.optional(),
		rate_per_s: ratePerS.optional(),
		concurrency: concurrency.optional(),
		ordered: ordered.optional(),
		disabled: z.boolean().optional(),
	})
	.meta({ id: "PatchEndpoint" });
export type PatchEndpointBody = z.infer<typeof patchEndpointSchema>;

/** The body of `POST /v1/endpoints/{id}/secrets`, which adds one and lets the others run out. */
export const rotateSecretSchema = z
	.strictObject({
		secret: z.string().max(200).optional(),
		kind: z.enum(["hmac", "ed25519"]).default("hmac"),
		overlap_s: z.int().min(0).max(maxOverlapS).default(defaultOverlapS).meta({
			description: "For how long the former secrets sign beside it.",
		}),
	})
	.meta({ id: "RotateSecret" });

/** The body of `POST /v1/endpoints/{id}/test`. */
export const testEndpointSchema = z
	.strictObject({
		type: z.enum(eventTypes).default("webhook.ping"),
	})
	.meta({ id: "TestEndpoint" });

/** The concurrency of an endpoint: one for those that keep the order. */
export function concurrencyOf(body: {
	concurrency?: number | undefined;
	ordered?: boolean | undefined;
}): number {
	return body.ordered === true ? 1 : (body.concurrency ?? defaultConcurrency);
}

/** The query of `GET /v1/endpoints/{id}/deliveries`. */
export const listDeliveriesSchema = z.strictObject({
	state: wordList.pipe(z.array(z.enum(deliveryStates))).meta({
		description: "Only deliveries in one of these states.",
	}),
	limit: limitOf(100, 20),
	cursor,
});

/** The query of `GET /v1/events`. */
export const listEventsSchema = z.strictObject({
	after: z.string().optional().meta({
		description: "Only events behind this one: the last id that you have read.",
	}),
	types: wordList.pipe(z.array(z.string())).meta({
		description: "Types of events, or video.* for all that begin so.",
	}),
	limit: limitOf(200, 50),
});

/** The body of `POST /v1/endpoints/{id}/replays`. */
export const replaySchema = z
	.strictObject({
		since: z.iso.datetime({ offset: true }),
		until: z.iso.datetime({ offset: true }).optional().meta({
			description: "Up to the present, if it is not said.",
		}),
		types: z
			.array(z.string().min(1).max(64))
			.min(1)
			.max(20)
			.optional()
			.meta({ description: "What the endpoint asks for, if it is not said." }),
		states: z
			.array(z.enum(replayStates))
			.min(1)
			.default([...defaultReplayedStates])
			.meta({
				description:
					"Deliveries in these states; missing are events that the endpoint was never owed.",
			}),
		dry_run: z.boolean().default(false).meta({
			description: "Counts, and sends nothing.",
		}),
	})
	.meta({ id: "BeginReplay" });
