import { z } from "zod";
import { deliverySchema } from "../delivery-view.ts";
import { listEventsSchema } from "../endpoint-api.ts";
import {
	eventExample,
	eventTypeSchema,
	feedEventSchema,
	listEventTypes,
} from "../event-catalogue.ts";
import { exampleIds, idSchema } from "../ids.ts";
import { feedOf, listOf } from "../page.ts";
import { exampleDelivery, exampleJob } from "../samples.ts";
import type { Operation } from "./operation.ts";
import { lastEventId, streamOf, streamProblems } from "./stream.ts";

const tag = "Events";

const exampleEvent = {
	id: exampleIds.event,
	type: "video.succeeded",
	timestamp: "2026-01-01T12:03:20.000Z",
	test: false,
	data: exampleJob("succeeded"),
};

const listEvents: Operation = {
	id: "listEvents",
	method: "get",
	route: "/v1/events",
	tag,
	summary: "Read the feed of everything that was told, oldest first",
	description:
		"For those who have no public URL. None is ever added before one that was read. What tells of a job on its way is written only while an endpoint of yours asks for it. Events are kept for some months; whoever goes on from a place behind which some have been removed is told so with 410, and never misses one unawares.",
	scope: "jobs:read",
	query: listEventsSchema,
	headers: lastEventId,
	answers: [
		{
			status: 200,
			description: "The next events.",
			schema: feedOf(feedEventSchema, idSchema("event").nullable()).meta({
				id: "EventFeed",
			}),
		},
		streamOf("events", "It does not end by itself."),
	],
	problems: ["events_removed", ...streamProblems],
	examples: [
		{
			summary: "Everything about videos, behind the last that was read",
			query: { types: "video.*", after: exampleIds.event },
			status: 200,
			answer: {
				data: [],
				has_more: false,
				next_after: exampleIds.event,
			},
		},
	],
};

/** An event with every delivery that is owed for it. */
const eventWithDeliveries = feedEventSchema
	.extend({ deliveries: z.array(deliverySchema) })
	.meta({ id: "EventWithDeliveries" });

const getEvent: Operation = {
	id: "getEvent",
	method: "get",
	route: "/v1/events/{id}",
	tag,
	summary: "Read an event with its deliveries",
	scope: "jobs:read",
	path: { id: idSchema("event") },
	answers: [
		{ status: 200, description: "The event.", schema: eventWithDeliveries },
	],
	examples: [
		{
			summary: "A video is there",
			path: { id: exampleIds.event },
			status: 200,
			answer: { ...exampleEvent, deliveries: [exampleDelivery] },
		},
	],
};

const listTypes: Operation = {
	id: "listEventTypes",
	method: "get",
	route: "/v1/event-types",
	tag,
	summary: "List the types of events with their schemas",
	description:
		"A version changes by addition only: data may gain fields, and lists of words may gain words. What would break a reader is a new type.",
	scope: "any",
	answers: [
		{
			status: 200,
			description: "The catalogue.",
			schema: listOf(eventTypeSchema).meta({ id: "EventTypeList" }),
		},
	],
	examples: [
		{
			summary: "The catalogue, of which one is shown here",
			status: 200,
			answer: {
				data: [
					{
						type: "webhook.ping",
						version: 1,
						description: listEventTypes().at(-1)?.description ?? "",
						final: false,
						schema: { type: "object" },
						example: eventExample("webhook.ping"),
					},
				],
			},
		},
	],
};

/** The operations of /v1/events and /v1/event-types. */
export const eventOperations: readonly Operation[] = [
	listEvents,
	getEvent,
	listTypes,
];
