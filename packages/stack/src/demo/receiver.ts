import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** One POST that came in, and what the reference library thinks of it. */
export type Arrival = {
	path: string;
	atMs: number;
	eventId: string | null;
	/** Why the signature does not hold, or null when it does. */
	refusal: string | null;
	/** The parsed body of a verified one, else null. */
	event: DeliveredEvent | null;
};

export type DeliveredEvent = {
	type?: unknown;
	timestamp?: unknown;
	data?: Record<string, unknown>;
};

export type Receiver = {
	url: string;
	arrivals: readonly Arrival[];
	close(): Promise<void>;
};

const bodyLimitBytes = 1_000_000;

/**
 * A customer's endpoint on loopback. It verifies the bytes as they came in,
 * answers 204 to what holds and 400 to what does not, and keeps all of it.
 */
export async function openReceiver(secret: string): Promise<Receiver> {
	const webhook = new Webhook(secret);
	const arrivals: Arrival[] = [];
	const server = createServer(async (request, response) => {
		const body = await readBody(request).catch(() => null);
		if (body === null) {
			request.destroy();
			return;
		}
		const arrival = judge(webhook, request, body);
		arrivals.push(arrival);
		response.writeHead(arrival.refusal === null ? 204 : 400).end();
	});
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject).listen(0, "127.0.0.1", resolve);
	});
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		arrivals,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of request as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size > bodyLimitBytes) throw new Error("The body is too large.");
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

function judge(
	webhook: Webhook,
	request: IncomingMessage,
	body: Buffer,
): Arrival {
	const headers = request.headers as Record<string, string>;
	const seen = {
		path: request.url ?? "",
		atMs: Date.now(),
		eventId: headers["webhook-id"] ?? null,
	};
	try {
		const event = webhook.verify(body, headers) as DeliveredEvent;
		return { ...seen, refusal: null, event };
	} catch (error) {
		return { ...seen, refusal: (error as Error).message, event: null };
	}
}
