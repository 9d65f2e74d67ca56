/**
 * Whoever shows no capability of ours is answered here, whatever was asked: an empty 404, or, when the address has asked
 * too often, an empty 429 and the end of the connection. A capability is looked at first, and a genuine one passes whatever
 * its address did before: a proxy may stand before everybody, and a result that was paid for counts for more than quiet.
 */
import { ownerOfAddress } from "@reelay/shared/runtime/address";
import { systemClock } from "@reelay/shared/runtime/clock";
import type { Logger } from "@reelay/shared/runtime/logger";
import { createRateLimit } from "@reelay/shared/runtime/rate-limit";
import type { Request, RequestHandler, Response } from "express";

// Ten a second for a whole minute. A provider that was given wrong addresses stays below it; a guess has 256 bits to find.
const limit = 600;
const windowS = 60;

export type Strangers = {
	/** The answer to a request without a capability. */
	answer(req: Request, res: Response): void;
	/** The same as the last handler of an app. */
	handler: RequestHandler;
};

/** Makes the answer, with counts of its own. */
export function createStrangers(deps: { logger: Logger }): Strangers {
	const limited = createRateLimit({
		limit,
		windowMs: windowS * 1000,
		clock: { now: () => systemClock.now().getTime() },
	});
	const answer: Strangers["answer"] = (req, res) => {
		const owner = ownerOfAddress(req.socket.remoteAddress ?? "");
		const count = limited.count(owner);
		if (count === "within") {
			res.status(404).end();
			return;
		}
		// Once a window, so that a flood is not one of the log as well.
		if (count === "first_beyond") {
			deps.logger.warn({ address: owner }, "callback.flooded");
		}
		res
			.status(429)
			.set({ "Retry-After": String(windowS), Connection: "close" });
		res.end();
	};
	return { answer, handler: (req, res) => answer(req, res) };
}
