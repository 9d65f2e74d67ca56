// Hono 4. On Node: `serve({ fetch: createApp({ secret, onEvent }).fetch, port: 4000 })` of @hono/node-server.
import {
	verifyWebhook,
	type WebhookEvent,
	WebhookVerificationError,
} from "@reelay/client";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";

type Deps = {
	secret: string | string[];
	onEvent(event: WebhookEvent): Promise<void> | void;
};

export function createApp({ secret, onEvent }: Deps) {
	// The real thing is a table with the webhook-id as its key, written in the transaction that acts on the event: it
	// outlives the process, and keeps apart two attempts that come at once.
	const seen = new Set<string>();
	const app = new Hono();

	app.post("/reelay", bodyLimit({ maxSize: 1_000_000 }), async (c) => {
		let event: WebhookEvent;
		try {
			// Raw, never c.req.json(): the signature is over the bytes that came in.
			const body = await c.req.arrayBuffer();
			event = verifyWebhook({ body, headers: c.req.raw.headers, secret });
		} catch (error) {
			if (!(error instanceof WebhookVerificationError)) throw error;
			return c.text(error.code, 400);
		}
		if (!seen.has(event.id)) {
			await onEvent(event);
			// Only now: if onEvent fails, the answer is 500, and the next attempt must not count as a repeat.
			seen.add(event.id);
		}
		return c.body(null, 200);
	});
	return app;
}
