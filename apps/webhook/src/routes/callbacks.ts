/**
 * What becomes of a request, and whether the provider sends it again:
 *
 *   the token is not ours       404, empty, before the body is read or the database is asked; 429 to who asks too often
 *   the token is used too often 429, empty, before the body is read
 *                                                            again, a minute later
 *   the body exceeds the limit  413, empty                       again, and refused again
 *   kept (settled, duplicate, progress, surplus, quarantined)
 *                               200, empty                       not again
 *   spooled, the database being away
 *                               200, empty                       not again
 *   neither database nor disk   503, empty                       again, which is what we want
 *
 * Every answer is empty: nothing of ours and nothing of the request is ever echoed.
 */
import { systemClock } from "@reelay/shared/runtime/clock";
import { createRateLimit } from "@reelay/shared/runtime/rate-limit";
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
import type { Strangers } from "./strangers.ts";

// The published answer is under 2 kB, and the upstream envelope echoes a request of at most 64 kB.
const bodyLimitBytes = 256 * 1024;

// Inflates as well, and bounds what comes of it. Any content type: the provider publishes none, and the body is only parsed after it was read whole.
const readBody = raw({ type: () => true, limit: bodyLimitBytes });

// A provider sends a few callbacks for a task. Whoever sends two a second, each with other bytes, fills the database.
const callbacksPerWindow = 120;
const windowS = 60;

export type CallbackRoutesDeps = TakeCallbackDeps & {
	providers: readonly CallbackProvider[];
	strangers: Strangers;
};

/** The one route of the receiver, for each provider that it knows. */
export function callbackRoutes(deps: CallbackRoutesDeps): Router {
	const { providers, strangers } = deps;
	const router = Router();
	const limitSubmissions = limitEachSubmission(deps);
	for (const provider of providers) {
		const path = `/callbacks/${provider.name}/:token`;
		router.post(
			path,
			requireCapability(provider, strangers),
			limitSubmissions,
			capBody(deps),
			readBody,
			async (req, res) => {
				const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
				const submissionId = res.locals.submissionId as string;
				await takeCallback(deps, { provider, submissionId, body });
				res.status(200).end();
			},
		);
		// Express would answer OPTIONS by itself, and tell that the path exists.
		router.all(path, strangers.handler);
	}
	router.use(answerError(deps));
	return router;
}

function requireCapability(
	provider: CallbackProvider,
	strangers: Strangers,
): RequestHandler {
	return (req, res, next) => {
		const verified = provider.verify(String(req.params.token));
		if (verified === null) {
			strangers.answer(req, res);
			return;
		}
		res.locals.submissionId = verified.submissionId;
		next();
	};
}

/**
 * Refuses a body as soon as it says that it is too long, or has become so. The reader would come to the same end, but only
 * after all of the body has come.
 */
function capBody({ onReceived }: TakeCallbackDeps): RequestHandler {
	return (req, res, next) => {
		const refuse = () => {
			onReceived("unread", "413");
			res.status(413).end();
		};
		if (Number(req.headers["content-length"]) > bodyLimitBytes) {
			refuse();
			return;
		}
		let seen = 0;
		req.on("data", (chunk: Buffer) => {
			seen += chunk.length;
			if (seen > bodyLimitBytes && !res.headersSent) refuse();
		});
		next();
	};
}

/** However many keys have signed for it, a submission has one count. */
function limitEachSubmission({ onReceived }: TakeCallbackDeps): RequestHandler {
	const limited = createRateLimit({
		limit: callbacksPerWindow,
		windowMs: windowS * 1000,
		clock: { now: () => systemClock.now().getTime() },
	});
	return (_req, res, next) => {
		if (limited.count(res.locals.submissionId as string) === "within") {
			next();
			return;
		}
		onReceived("unread", "429");
		res.status(429).set("Retry-After", String(windowS)).end();
	};
}

function answerError({ logger, onReceived, strangers }: CallbackRoutesDeps) {
	const answer: ErrorRequestHandler = (error, req, res, _next) => {
		// The body was refused while it came, and whoever sent it was cut off.
		if (res.headersSent) return;
		const { status } = error as { status?: number };
		// Whoever has shown no capability learns nothing, not even that the path could not be decoded.
		if (res.locals.submissionId === undefined) {
			strangers.answer(req, res);
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
