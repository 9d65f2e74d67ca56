import { randomUUID } from "node:crypto";
import type { RequestHandler } from "express";

const sanePattern = /^[\w.-]{1,64}$/;

/**
 * Gives every request a name that log lines, answers and problems share, in
 * `res.locals.requestId` and the header `X-Request-Id`. A caller's own is taken
 * over when it is short and plain; anything else could forge log lines.
 */
export const requestIdMiddleware: RequestHandler = (
	request,
	response,
	next,
) => {
	const given = request.get("x-request-id") ?? "";
	const requestId = sanePattern.test(given) ? given : randomUUID();
	response.locals.requestId = requestId;
	response.set("x-request-id", requestId);
	next();
};
