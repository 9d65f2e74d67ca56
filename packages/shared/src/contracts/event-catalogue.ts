/**
 * Every event that a customer may hear, its version, and the schema of what is sent.
 *
 * A version changes by addition only: `data` may gain fields, and a list of words may gain words, so a reader ignores
 * what it does not know. What would break a reader that was right before is a new type, and never a new meaning of an
 * old one; both are sent for a while. `version` counts what was added to a type, and is told so that a reader can say
 * which it was written for.
 */
import { z } from "zod";
import { type EventType, eventKinds, eventTypes } from "../domain/event.ts";
import { isFinal, type JobState, jobStates } from "../domain/job.ts";
import { actionInputDefs } from "./action-input.ts";
import { batchSchema } from "./batch-view.ts";
import { eventBody } from "./event.ts";
import { sampleData } from "./event-samples.ts";
import { exampleIds, idSchema, instant } from "./ids.ts";
import { jobErrorSchema, jobResultSchema, jobSchema } from "./job-view.ts";
import { toJsonSchema } from "./json-schema.ts";

/** What a ping says. */
export const pingSchema = z
	.strictObject({ endpoint_id: idSchema("endpoint"), message: z.string() })
	.meta({ id: "Ping" });

/** One type of the catalogue. */
export type CataloguedEvent = {
	version: number;
	tells: string;
	isFinal: boolean;
	/** The whole body of a delivery, as the schema that its JSON Schema is made from. */
	body: z.ZodType;
};

const finalStates = jobStates.filter(isFinal);
const noError = z.null();

/** Version and data of each type. */
const versions: Record<EventType, { version: number; data: z.ZodType }> = {
	"video.queued": { version: 1, data: jobIn(["queued"]) },
	"video.rendering": { version: 1, data: jobIn(["rendering"]) },
	"video.succeeded": {
		version: 1,
		data: jobIn(["succeeded"], { result: jobResultSchema, error: noError }),
	},
	"video.failed": {
		version: 1,
		data: jobIn(["failed"], { result: z.null(), error: jobErrorSchema }),
	},
	"video.cancelled": { version: 1, data: jobIn(["cancelled"]) },
	"video.expired": {
		version: 1,
		data: jobIn(["expired"], { result: z.null(), error: jobErrorSchema }),
	},
	"video.overdue": { version: 1, data: jobIn(["overdue"]) },
	"video.surplus_result": { version: 1, data: jobIn(finalStates) },
	"batch.finished": { version: 1, data: batchSchema },
	"webhook.ping": { version: 1, data: pingSchema },
};

/** The catalogue: each type with its version, its meaning and the schema of the body that is sent. */
export const eventCatalogue = Object.fromEntries(
	eventTypes.map((type) => [type, describe(type)]),
) as Record<EventType, CataloguedEvent>;

function describe(type: EventType): CataloguedEvent {
	const { version, data } = versions[type];
	const body = z
		.strictObject({
			type: z.literal(type),
			timestamp: instant.meta({
				description:
					"When it happened; an attempt to tell may come days later.",
			}),
			data,
		})
		.meta({ id: eventSchemaName(type) });
	return { ...eventKinds[type], version, body };
}

/** What the body of this type is called in the OpenAPI document. */
export function eventSchemaName(type: EventType): string {
	return `${type}.v${versions[type].version}`;
}

/** The job as `GET` shows it, in one of these states. */
function jobIn(
	states: readonly JobState[],
	known: Record<string, z.ZodType> = {},
): z.ZodType {
	const state = z.enum(states as [JobState]);
	return z.intersection(jobSchema, z.looseObject({ state, ...known }));
}

/** An event as the feed and `GET /v1/events/{id}` show it. */
export const feedEventSchema = z
	.strictObject({
		id: idSchema("event"),
		type: z.enum(eventTypes),
		timestamp: instant,
		test: z.boolean().meta({
			description: "Whether it is a sample that somebody asked for.",
		}),
		data: z.union([jobSchema, batchSchema, pingSchema]).meta({
			description: "The job or batch as GET showed it then; what a ping says.",
		}),
	})
	.meta({ id: "Event" });
export type FeedEventView = z.infer<typeof feedEventSchema>;

/** A type of event as `GET /v1/event-types` shows it. */
export const eventTypeSchema = z
	.strictObject({
		type: z.enum(eventTypes),
		version: z.int().min(1),
		description: z.string(),
		final: z.boolean().meta({
			description: "Whether a job's own webhook_url hears of it.",
		}),
		schema: z.record(z.string(), z.unknown()).meta({
			description: "JSON Schema 2020-12 of the whole body that is sent.",
		}),
		example: z.record(z.string(), z.unknown()),
	})
	.meta({ id: "EventType" });
export type EventTypeView = z.infer<typeof eventTypeSchema>;

/** The catalogue as `GET /v1/event-types` shows it; each schema stands alone. */
export function listEventTypes(): EventTypeView[] {
	return eventTypes.map((type) => {
		const { version, tells, isFinal, body } = eventCatalogue[type];
		const { schema, defs } = toJsonSchema(body, "output");
		return {
			type,
			version,
			description: tells,
			final: isFinal,
			schema: {
				$schema: "https://json-schema.org/draft/2020-12/schema",
				...schema,
				$defs: { ...defs, ...actionInputDefs },
			} as EventTypeView["schema"],
			example: eventExample(type),
		};
	});
}

/** The body of a sample of this type, as it would be sent. */
export function eventExample(type: EventType): EventTypeView["example"] {
	const body = eventBody({
		type,
		at: "2026-01-01T12:03:20.000Z",
		job_id: null,
		snapshot: sampleData(type, exampleIds.endpoint),
	});
	return JSON.parse(body);
}
