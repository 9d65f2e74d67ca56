// Express 5. `createApp({ secret, onEvent }).listen(4000)` serves it.
import {
	verifyWebhook,
	type WebhookEvent,
	WebhookVerificationError,
} from "@reelay/client";
import express from "express";

type Deps = {
	secret: string | string[];
	onEvent(event: WebhookEvent): Promise<void> | void;
};

export function createApp({ secret, onEvent }: Deps) {
	// The real thing is a table with the webhook-id as its key, written in the transaction that acts on the event: it
	// outlives the process, and keeps apart two attempts that come at once.
	const seen = new Set<string>();
	const app = express();

	// Raw, on this route and before any express.json(): the signature is over the bytes that came in.
	const raw = express.raw({ type: "application/json", limit: "1mb" });
	app.post("/reelay", raw, async (req, res) => {
		let event: WebhookEvent;
		try {
			event = verifyWebhook({ body: req.body, headers: req.headers, secret });
		} catch (error) {
			if (!(error instanceof WebhookVerificationError)) throw error;
			res.status(400).send(error.code);
			return;
		}
		if (!seen.has(event.id)) {
			await onEvent(event);
			// Only now: if onEvent fails, the answer is 500, and the next attempt must not count as a repeat.
			seen.add(event.id);
		}
		res.status(200).end();
	});
	return app;
}
