import type {
	IncomingHttpHeaders,
	IncomingMessage,
	ServerResponse,
} from "node:http";
import { eventually } from "./eventually.ts";
import { serve } from "./serve.ts";

export type ReceivedRequest = {
	method: string;
	path: string;
	headers: IncomingHttpHeaders;
	body: string;
};

/** What one request is answered with; `hang` never is, `reset` loses its connection. */
export type ReceiverAnswer =
	| "hang"
	| "reset"
	| {
			status?: number;
			headers?: Record<string, string>;
			body?: string | Buffer;
	  };

export type Receiver = {
	/** Without a slash at the end. */
	url: string;
	/** In the order in which their bodies were complete. */
	requests: readonly ReceivedRequest[];
	/** The answers of the next requests, in turn; after them it is 200 again. */
	answerWith(...answers: ReceiverAnswer[]): void;
	/** Waits until this many requests have come. */
	arrival(count: number): Promise<readonly ReceivedRequest[]>;
	close(): Promise<void>;
};

/** The other party: a real HTTP server that keeps what it is sent and answers as a test tells it. */
export async function startReceiver(host?: string): Promise<Receiver> {
	const requests: ReceivedRequest[] = [];
	const answers: ReceiverAnswer[] = [];
	const { url, close } = await serve((req, res) => {
		readBody(req).then((body) => {
			const { method = "", url: path = "", headers } = req;
			requests.push({ method, path, headers, body });
			answer(res, answers.shift() ?? {});
		}, ignoreCutRequest);
	}, host);
	return {
		url,
		requests,
		answerWith: (...next) => void answers.push(...next),
		arrival: (count) =>
			eventually(() => {
				if (requests.length >= count) return requests;
				throw new Error(`${requests.length} of ${count} requests have come`);
			}),
		close,
	};
}

async function readBody(req: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of req) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks).toString();
}

function answer(res: ServerResponse, how: ReceiverAnswer): void {
	if (how === "hang") return;
	if (how === "reset") {
		res.socket?.resetAndDestroy();
		return;
	}
	res.writeHead(how.status ?? 200, how.headers ?? {}).end(how.body ?? "");
}

/** A sender that leaves in the middle of its body has sent no request. */
function ignoreCutRequest(): void {}
