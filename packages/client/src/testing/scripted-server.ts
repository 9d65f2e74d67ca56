import type { IncomingMessage, ServerResponse } from "node:http";
import { serve } from "@reelay/shared/testing/serve";

/** A request as it came in. */
export type Heard = {
	method: string;
	url: string;
	headers: IncomingMessage["headers"];
	body: string;
};

/** What one request is answered with. */
export type Scene = (res: ServerResponse, heard: Heard) => void | Promise<void>;

export type ScriptedServer = {
	url: string;
	heard: readonly Heard[];
	close(): Promise<void>;
};

/** A server that answers request after request by a script, and from its last scene on with that one. */
export async function startScriptedServer(
	...scenes: Scene[]
): Promise<ScriptedServer> {
	const heard: Heard[] = [];
	const { url, close } = await serve(async (req, res) => {
		const chunks: Buffer[] = [];
		for await (const chunk of req) chunks.push(chunk as Buffer);
		const { method = "", url: path = "", headers } = req;
		const body = Buffer.concat(chunks).toString();
		const one = { method, url: path, headers, body };
		heard.push(one);
		const scene = scenes[Math.min(heard.length, scenes.length) - 1];
		await scene?.(res, one);
	});
	return { url, heard, close };
}

/** Answers with JSON. */
export const json =
	(
		status: number,
		body: unknown,
		headers: Record<string, string> = {},
	): Scene =>
	(res) => {
		res
			.writeHead(status, { "content-type": "application/json", ...headers })
			.end(JSON.stringify(body));
	};

/** Answers with a problem of the API. */
export const problem = (
	status: number,
	code: string,
	more: { retryable?: boolean; headers?: Record<string, string> } = {},
): Scene => {
	const { retryable = false, headers = {} } = more;
	const body = {
		title: code,
		detail: `It is ${code}.`,
		status,
		code,
		retryable,
	};
	return json(
		status,
		{ ...body, instance: "/", request_id: "req-1", type: "urn:x" },
		{ "content-type": "application/problem+json", ...headers },
	);
};

/** Answers as a proxy does. */
export const html =
	(status: number): Scene =>
	(res) => {
		res
			.writeHead(status, { "content-type": "text/html" })
			.end(`<html><h1>${status}</h1></html>`);
	};

/** Never answers. */
export const hang: Scene = () => {};

/** Cuts the connection without a word. */
export const reset: Scene = (res) => {
	res.socket?.resetAndDestroy();
};

/** Begins an answer and cuts the connection in the middle of it. */
export const cutAfter =
	(head: { status?: number; headers?: Record<string, string> }, text: string) =>
	(res: ServerResponse): void => {
		const { status = 200, headers = {} } = head;
		res.writeHead(status, { "content-type": "application/json", ...headers });
		res.write(text, () => setImmediate(() => res.socket?.resetAndDestroy()));
	};

/** A stream of server-sent events, which then ends in order, breaks off, or stays open. */
export const stream =
	(text: string, then: "end" | "reset" | "open"): Scene =>
	(res) => {
		res.writeHead(200, { "content-type": "text/event-stream" });
		res.write(`retry: 1\n\n${text}`, () => {
			if (then === "end") res.end();
			// A reset may overtake what was written.
			if (then === "reset") {
				setTimeout(() => res.socket?.resetAndDestroy(), 20);
			}
		});
	};
