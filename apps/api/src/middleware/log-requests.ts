import type { Logger } from "@reelay/shared/runtime/logger";
import type { RequestHandler } from "express";

/**
 * One line per request when its connection has been told everything or is gone, with its path and its request id, without
 * headers or bodies.
 */
export function logRequests(logger: Logger): RequestHandler {
	return (req, res, next) => {
		if (logger.isLevelEnabled("info")) {
			const startedAt = performance.now();
			// The path as it was asked for: routers shorten `url`.
			const { method, originalUrl: url } = req;
			res.once("close", () => {
				const line = {
					req: { id: res.locals.requestId, method, url },
					res: { status: res.statusCode },
					responseTime: Math.round(performance.now() - startedAt),
				};
				logger.info(
					line,
					res.writableFinished ? "request completed" : "request aborted",
				);
			});
		}
		next();
	};
}
