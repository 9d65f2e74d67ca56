import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import type { JsonAnswer } from "./json-answer.ts";

/** A delivery that arrived, and whether an independent library accepts its signature. */
export type Received = {
	id: string;
	verified: boolean;
	body: JsonAnswer;
	/** Head and body, as they came. */
	raw: string;
};

export type EventReceiver = {
	url: string;
	received: readonly Received[];
	/** Answers with this status from now on; 200 at first. */
	answerWith(status: number): void;
	close(): Promise<void>;
};

/** A customer's endpoint that verifies what it gets as customers are told to: with `standardwebhooks`, from raw bytes. */
export async function startEventReceiver(
	secret: string,
): Promise<EventReceiver> {
	const witness = new Webhook(secret);
	const received: Received[] = [];
	let status = 200;
	const server = createServer(async (req, res) => {
		const raw = await readBody(req);
		received.push({
			id: String(req.headers["webhook-id"]),
			verified: isVerified(witness, raw, req.headers),
			body: JSON.parse(raw),
			raw: `${JSON.stringify(req.headers)}\n${raw}`,
		});
		res.writeHead(status).end();
	});
	await new Promise<void>((resolve) =>
		server.listen(0, "127.0.0.1", () => resolve()),
	);
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}/events`,
		received,
		answerWith(next) {
			status = next;
		},
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

async function readBody(req: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of req) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks).toString("utf8");
}

function isVerified(
	witness: Webhook,
	raw: string,
	headers: IncomingMessage["headers"],
): boolean {
	try {
		witness.verify(raw, headers as Record<string, string>);
		return true;
	} catch {
		return false;
	}
}
