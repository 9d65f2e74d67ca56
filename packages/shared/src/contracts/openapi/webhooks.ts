import { type EventType, eventTypes } from "../../domain/event.ts";
import { eventCatalogue, eventExample } from "../event-catalogue.ts";
import { exampleIds } from "../ids.ts";
import type { Components } from "./components.ts";

const webhookHeaders = [
	{
		name: "webhook-id",
		schema: { type: "string" },
		description:
			"The event's id, the same on every attempt: remember those that you acted on.",
		example: exampleIds.event,
	},
	{
		name: "webhook-timestamp",
		schema: { type: "string", pattern: "^\\d+$" },
		description: "When this attempt was signed, in seconds since 1970.",
		example: "1767268800",
	},
	{
		name: "webhook-signature",
		schema: { type: "string" },
		description:
			"A list, divided by spaces, of v1,<base64 of HMAC-SHA256> and v1a,<base64 of ed25519>, over `<webhook-id>.<webhook-timestamp>.<body>`: one for each secret that is valid.",
		example: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	},
].map((header) => ({ ...header, in: "header", required: true }));

const responses = {
	"2XX": { description: "You have it. Answer within 15 s, and work later." },
	"410": { description: "You want nothing more: the endpoint is disabled." },
	default: {
		description:
			"It is tried again by the endpoint's schedule, with the same webhook-id. Redirects are not followed, and Retry-After is respected.",
	},
};

/** What is sent to customers: one entry for each type of event. */
export function webhooksOf(components: Components): Record<string, object> {
	return Object.fromEntries(
		eventTypes.map((type) => [type, { post: webhook(type, components) }]),
	);
}

function webhook(type: EventType, components: Components): object {
	const { tells, isFinal, version, body } = eventCatalogue[type];
	return {
		operationId: `webhook.${type}`,
		tags: ["Webhooks"],
		summary: tells,
		description: `Version ${version}. ${isFinal ? "Sent to endpoints that ask for it and to the job's own webhook_url." : "Sent to endpoints that ask for it."}`,
		security: [],
		parameters: webhookHeaders,
		requestBody: {
			required: true,
			content: {
				"application/json": {
					schema: components.schemaOf(body, "output"),
					examples: { sample: { value: eventExample(type) } },
				},
			},
		},
		responses,
	};
}
