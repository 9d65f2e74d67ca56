/**
 * Whoever shows no valid key is answered here: a 401, or, when the address has had too many of them, a 429. A key is looked
 * for first, and a valid one passes whatever its address did before, for many may share one: a proxy, an office. So a
 * guesser is not kept from guessing, which 256 bits are for, but is slowed, told of in the log, and never answered for long.
 */
import { ownerOfAddress } from "@reelay/shared/runtime/address";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { ProblemError } from "@reelay/shared/runtime/problem-details";
import { createRateLimit } from "@reelay/shared/runtime/rate-limit";
import type { Request, Response } from "express";
import { problemFor } from "../problem.ts";
import { type RateLimitDeps, rateHeaders, rateLimited } from "./rate-limit.ts";

export type Strangers = {
	/** What a request without a valid key is refused with; the answer's headers say what remains. */
	refuse(req: Request, res: Response, detail: string): ProblemError;
};

export type StrangersDeps = {
	logger: Logger;
	onLimited: RateLimitDeps["onLimited"];
	/** How many 401s an address may have in a minute. */
	limit?: number;
	clock?: { now(): number };
};

// Two a second for a whole minute: a program that was given a wrong key stays below it.
const usualLimit = 120;
const windowS = 60;

/** Makes the answer, with counts of its own in this process' memory. */
export function createStrangers({
	logger,
	onLimited,
	limit = usualLimit,
	clock = performance,
}: StrangersDeps): Strangers {
	const name = "unauthorized";
	const policy = { name, rate: { count: limit, windowS } };
	const limited = createRateLimit({ limit, windowMs: windowS * 1000, clock });
	return {
		refuse(req, res, detail) {
			const address = ownerOfAddress(req.socket.remoteAddress ?? "");
			const count = limited.count(address);
			const left = limited.left(address);
			res.set(rateHeaders(policy, left));
			if (count === "within") {
				return problemFor("unauthorized", {
					detail,
					headers: { "WWW-Authenticate": "Bearer" },
				});
			}
			onLimited(name);
			// Once a window, so that a flood is not one of the log as well.
			if (count === "first_beyond") logger.warn({ address }, "keys.guessed");
			return rateLimited(
				"This address has sent too many requests without a valid key.",
				left,
			);
		},
	};
}
