import {
	deliverySchema,
	deliveryWithAttemptsSchema,
} from "../delivery-view.ts";
import { exampleIds, idSchema } from "../ids.ts";
import {
	exampleAttempt,
	exampleDelivery,
	exampleRedelivery,
} from "../samples.ts";
import type { Operation } from "./operation.ts";

const tag = "Deliveries";
const scope = "webhooks";
const path = { id: idSchema("delivery") };
const examplePath = { id: exampleIds.delivery };

const getDelivery: Operation = {
	id: "getDelivery",
	method: "get",
	route: "/v1/deliveries/{id}",
	tag,
	summary: "Read a delivery with every attempt",
	scope,
	path,
	answers: [
		{
			status: 200,
			description: "The delivery.",
			schema: deliveryWithAttemptsSchema,
		},
	],
	examples: [
		{
			summary: "One that arrived at once",
			path: examplePath,
			status: 200,
			answer: { ...exampleDelivery, attempt_log: [exampleAttempt] },
		},
	],
};

const redeliver: Operation = {
	id: "redeliver",
	method: "post",
	route: "/v1/deliveries/{id}/redeliver",
	tag,
	summary: "Send a delivery again now",
	description:
		"With a whole schedule before it, whether it has ended, is held, or waits for its next attempt. The webhook-id stays the same.",
	scope,
	path,
	answers: [{ status: 202, description: "It is due.", schema: deliverySchema }],
	problems: ["not_deliverable"],
	examples: [
		{
			summary: "Once more",
			path: examplePath,
			status: 202,
			answer: exampleRedelivery,
		},
	],
};

/** The operations of /v1/deliveries. */
export const deliveryOperations: readonly Operation[] = [
	getDelivery,
	redeliver,
];
