// Plain node:http. `createServer(createListener({ secret, onEvent })).listen(4000)` serves it.
import type { IncomingMessage, ServerResponse } from "node:http";
import {
	verifyWebhook,
	type WebhookEvent,
	WebhookVerificationError,
} from "@reelay/client";

type Deps = {
	secret: string | string[];
	onEvent(event: WebhookEvent): Promise<void> | void;
};

const bodyLimitBytes = 1_000_000;

export function createListener({ secret, onEvent }: Deps) {
	// The real thing is a table with the webhook-id as its key, written in the transaction that acts on the event: it
	// outlives the process, and keeps apart two attempts that come at once.
	const seen = new Set<string>();

	async function receive(request: IncomingMessage): Promise<[number, string]> {
		const body = await readBody(request);
		if (body === null) return [413, "too large"];
		let event: WebhookEvent;
		try {
			event = verifyWebhook({ body, headers: request.headers, secret });
		} catch (error) {
			if (!(error instanceof WebhookVerificationError)) throw error;
			return [400, error.code];
		}
		if (!seen.has(event.id)) {
			await onEvent(event);
			// Only now: if onEvent fails, the answer is 500, and the next attempt must not count as a repeat.
			seen.add(event.id);
		}
		return [200, ""];
	}

	return (request: IncomingMessage, response: ServerResponse) => {
		receive(request).then(
			([status, text]) => response.writeHead(status).end(text),
			(error) => {
				console.error(error);
				response.writeHead(500).end();
			},
		);
	};
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of request) {
		size += chunk.length;
		if (size <= bodyLimitBytes) chunks.push(chunk);
	}
	return size <= bodyLimitBytes ? Buffer.concat(chunks) : null;
}
