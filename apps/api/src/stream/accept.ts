import type { Request } from "express";

/** Whether a request asks for a stream of events; what takes any answer gets a page, and so does a HEAD. */
export function wantsStream(req: Request): boolean {
	return (
		req.method === "GET" &&
		req.accepts(["json", "text/event-stream"]) === "text/event-stream"
	);
}

/** The id behind which a client goes on, as it sends it by itself after its connection broke. */
export function lastEventIdOf(req: Request): string | undefined {
	return req.get("last-event-id") || undefined;
}
