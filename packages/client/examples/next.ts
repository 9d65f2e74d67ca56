// Next, App Router: in app/reelay/route.ts, `export const POST = createPost({ secret, onEvent })`. It uses the Web's
// Request and Response and nothing of Next, so it serves as well in every other framework with such handlers. It needs
// the Node.js runtime, which is Next's default, and not the edge.
import {
	verifyWebhook,
	type WebhookEvent,
	WebhookVerificationError,
} from "@reelay/client";

type Deps = {
	secret: string | string[];
	onEvent(event: WebhookEvent): Promise<void> | void;
};

export function createPost({ secret, onEvent }: Deps) {
	// The real thing is a table with the webhook-id as its key, written in the transaction that acts on the event: it
	// outlives the process, and keeps apart two attempts that come at once.
	const seen = new Set<string>();

	return async function POST(request: Request): Promise<Response> {
		let event: WebhookEvent;
		try {
			// Raw, never request.json(): the signature is over the bytes that came in.
			const body = await request.text();
			event = verifyWebhook({ body, headers: request.headers, secret });
		} catch (error) {
			if (!(error instanceof WebhookVerificationError)) throw error;
			return new Response(error.code, { status: 400 });
		}
		if (!seen.has(event.id)) {
			await onEvent(event);
			// Only now: if onEvent fails, the answer is 500, and the next attempt must not count as a repeat.
			seen.add(event.id);
		}
		return new Response(null, { status: 200 });
	};
}
