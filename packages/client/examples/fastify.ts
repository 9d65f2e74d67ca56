// Fastify 5. `createApp({ secret, onEvent }).listen({ port: 4000 })` serves it.
import {
	verifyWebhook,
	type WebhookEvent,
	WebhookVerificationError,
} from "@reelay/client";
import fastify from "fastify";

type Deps = {
	secret: string | string[];
	onEvent(event: WebhookEvent): Promise<void> | void;
};

export function createApp({ secret, onEvent }: Deps) {
	// The real thing is a table with the webhook-id as its key, written in the transaction that acts on the event: it
	// outlives the process, and keeps apart two attempts that come at once.
	const seen = new Set<string>();
	const app = fastify();

	// A scope of its own, so that all other routes keep Fastify's JSON parser.
	app.register((scope, _options, done) => {
		// Raw: the signature is over the bytes that came in.
		scope.addContentTypeParser(
			"application/json",
			{ parseAs: "buffer" },
			(_request, body, parsed) => parsed(null, body),
		);
		scope.post("/reelay", async (request, reply) => {
			let event: WebhookEvent;
			try {
				const body = request.body as Buffer;
				event = verifyWebhook({ body, headers: request.headers, secret });
			} catch (error) {
				if (!(error instanceof WebhookVerificationError)) throw error;
				return reply.code(400).send(error.code);
			}
			if (!seen.has(event.id)) {
				await onEvent(event);
				// Only now: if onEvent fails, the answer is 500, and the next attempt must not count as a repeat.
				seen.add(event.id);
			}
			return reply.code(200).send();
		});
		done();
	});
	return app;
}
