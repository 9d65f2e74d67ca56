import { deliverySchema, testedSchema } from "../delivery-view.ts";
import {
	createEndpointSchema,
	listDeliveriesSchema,
	patchEndpointSchema,
	testEndpointSchema,
} from "../endpoint-api.ts";
import { createdEndpointSchema, endpointSchema } from "../endpoint-view.ts";
import { exampleIds, idSchema } from "../ids.ts";
import { listOf, pageOf } from "../page.ts";
import {
	exampleAttempt,
	exampleDelivery,
	exampleEndpoint,
	exampleSecretValue,
} from "../samples.ts";
import type { Operation } from "./operation.ts";

const tag = "Endpoints";
const scope = "webhooks";
const path = { id: idSchema("endpoint") };
const examplePath = { id: exampleIds.endpoint };

const createEndpoint: Operation = {
	id: "createEndpoint",
	method: "post",
	route: "/v1/endpoints",
	tag,
	summary: "Make an endpoint",
	description:
		"A URL that hears of every job of yours. The answer holds its secret, this once.",
	scope,
	body: { schema: createEndpointSchema, isRequired: true },
	answers: [
		{
			status: 201,
			description: "The endpoint with its secret.",
			schema: createdEndpointSchema,
			headers: ["Location"],
		},
	],
	problems: ["too_many_endpoints"],
	examples: [
		{
			summary: "Every event of every video",
			body: {
				url: "https://example.com/reelay",
				description: "Orders",
				events: ["video.*"],
			},
			status: 201,
			answer: { ...exampleEndpoint, secret: exampleSecretValue },
		},
	],
};

const listEndpoints: Operation = {
	id: "listEndpoints",
	method: "get",
	route: "/v1/endpoints",
	tag,
	summary: "List endpoints",
	scope,
	answers: [
		{
			status: 200,
			description: "All of them.",
			schema: listOf(endpointSchema).meta({ id: "EndpointList" }),
		},
	],
	examples: [
		{
			summary: "All of them",
			status: 200,
			answer: { data: [exampleEndpoint] },
		},
	],
};

const getEndpoint: Operation = {
	id: "getEndpoint",
	method: "get",
	route: "/v1/endpoints/{id}",
	tag,
	summary: "Read an endpoint",
	scope,
	path,
	answers: [
		{ status: 200, description: "The endpoint.", schema: endpointSchema },
	],
	examples: [
		{
			summary: "One that works",
			path: examplePath,
			status: 200,
			answer: exampleEndpoint,
		},
	],
};

const patchEndpoint: Operation = {
	id: "patchEndpoint",
	method: "patch",
	route: "/v1/endpoints/{id}",
	tag,
	summary: "Change an endpoint",
	description:
		"What the body names is changed, and nothing else. An endpoint that is enabled again gets what was held for it.",
	scope,
	path,
	body: { schema: patchEndpointSchema, isRequired: true },
	answers: [
		{ status: 200, description: "The endpoint now.", schema: endpointSchema },
	],
	examples: [
		{
			summary: "In order, and at most five a second",
			path: examplePath,
			body: { ordered: true, concurrency: 1, rate_per_s: 5 },
			status: 200,
			answer: {
				...exampleEndpoint,
				ordered: true,
				concurrency: 1,
				rate_per_s: 5,
			},
		},
	],
};

const deleteEndpoint: Operation = {
	id: "deleteEndpoint",
	method: "delete",
	route: "/v1/endpoints/{id}",
	tag,
	summary: "Delete an endpoint",
	description: "What it is still owed is given up.",
	scope,
	path,
	answers: [{ status: 204, description: "It is deleted." }],
	examples: [{ summary: "For good", path: examplePath, status: 204 }],
};

const testEndpoint: Operation = {
	id: "testEndpoint",
	method: "post",
	route: "/v1/endpoints/{id}/test",
	tag,
	summary: "Send a sample event and see the attempt",
	description:
		"Goes the way of every other event, and answers with the attempt: what the receiver said, how long each phase took, and, if it failed, why and what to do. Takes up to 18 s; where no worker made the attempt by then, `attempt` is null, and it is made later.",
	scope,
	path,
	body: { schema: testEndpointSchema, isRequired: false },
	answers: [
		{
			status: 200,
			description: "The delivery, and its first attempt.",
			schema: testedSchema,
		},
	],
	examples: [
		{
			summary: "A ping",
			path: examplePath,
			body: { type: "webhook.ping" },
			status: 200,
			answer: {
				delivery: {
					...exampleDelivery,
					event_type: "webhook.ping",
					job_id: null,
				},
				attempt: exampleAttempt,
			},
		},
	],
};

const listDeliveries: Operation = {
	id: "listDeliveries",
	method: "get",
	route: "/v1/endpoints/{id}/deliveries",
	tag: "Deliveries",
	summary: "List an endpoint's deliveries, newest first",
	scope,
	path,
	query: listDeliveriesSchema,
	answers: [
		{
			status: 200,
			description: "A page of deliveries.",
			schema: pageOf(deliverySchema).meta({ id: "DeliveryPage" }),
		},
	],
	examples: [
		{
			summary: "What arrived",
			path: examplePath,
			query: { state: "delivered" },
			status: 200,
			answer: { data: [exampleDelivery], has_more: false, next_cursor: null },
		},
	],
};

/** The operations of /v1/endpoints, without secrets and replays. */
export const endpointOperations: readonly Operation[] = [
	createEndpoint,
	listEndpoints,
	getEndpoint,
	patchEndpoint,
	deleteEndpoint,
	testEndpoint,
	listDeliveries,
];
