import type { Logger } from "@reelay/shared/runtime/logger";
import type { RequestHandler } from "express";
import { pinoHttp } from "pino-http";

/** One line per request, with its path and its request id, without headers or bodies. */
export function logRequests(logger: Logger): RequestHandler {
	return pinoHttp({
		logger,
		genReqId: (_req, res) => String(res.getHeader("x-request-id")),
		serializers: {
			req: (req: { id: string; method: string; url: string }) => ({
				id: req.id,
				method: req.method,
				url: req.url,
			}),
			res: (res: { statusCode: number }) => ({ status: res.statusCode }),
		},
	});
}
