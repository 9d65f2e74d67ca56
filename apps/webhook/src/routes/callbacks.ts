/**
 * What becomes of a request, and whether the provider sends it again:
 *
 *   the token is not ours       404, empty, before the body is read or the database is asked
 *   the body exceeds the limit  413, empty                       again, and refused again
 *   kept (settled, duplicate, progress, surplus, quarantined)
 *                               200, empty                       not again
 *   spooled, the database being away
 *                               200, empty                       not again
 *   neither database nor disk   503, empty                       again, which is what we want
 *
 * Every answer is empty: nothing of ours and nothing of the request is ever echoed.
 */
import {
	type ErrorRequestHandler,
	type RequestHandler,
	Router,
	raw,
} from "express";
import {
	type TakeCallbackDeps,
	takeCallback,
} from "../callbacks/take-callback.ts";
import type { CallbackProvider } from "../providers/see2ai.ts";

// The published answer is under 2 kB, and the upstream envelope echoes a request of at most 64 kB.
const bodyLimitBytes = 256 * 1024;

// Any content type: the provider publishes none, and the body is only parsed after it was read whole.
const readBody = raw({ type: () => true, limit: bodyLimitBytes });

/** The one route of the receiver, for each provider that it knows. */
export function callbackRoutes(
	deps: TakeCallbackDeps,
	providers: readonly CallbackProvider[],
): Router {
	const router = Router();
	for (const provider of providers) {
		const path = `/callbacks/${provider.name}/:token`;
		router.post(
			path,
			requireCapability(provider),
			readBody,
			async (req, res) => {
				const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
				const submissionId = res.locals.submissionId as string;
				await takeCallback(deps, { provider, submissionId, body });
				res.status(200).end();
			},
		);
		// Express would answer OPTIONS by itself, and tell that the path exists.
		router.all(path, (_req, res) => {
			res.status(404).end();
		});
	}
	router.use(answerError(deps));
	return router;
}

function requireCapability(provider: CallbackProvider): RequestHandler {
	return (req, res, next) => {
		const verified = provider.verify(String(req.params.token));
		if (verified === null) {
			res.status(404).end();
			return;
		}
		res.locals.submissionId = verified.submissionId;
		next();
	};
}

function answerError({ logger, onReceived }: TakeCallbackDeps) {
	const answer: ErrorRequestHandler = (error, _req, res, _next) => {
		const { status } = error as { status?: number };
		// Whoever has shown no capability learns nothing, not even that the path could not be decoded.
		if (res.locals.submissionId === undefined) {
			res.status(404).end();
			return;
		}
		if (status !== undefined && status < 500) {
			onReceived("unread", String(status));
			res.status(status).end();
			return;
		}
		const submission_id = res.locals.submissionId as string | undefined;
		logger.error({ submission_id, err: error }, "callback.failed");
		onReceived("unread", "503");
		res.status(503).set("Retry-After", "5").end();
	};
	return answer;
}
