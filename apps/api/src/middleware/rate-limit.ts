import type { RateLimits, Taken } from "@reelay/shared/limits/rate-limits";
import type { Rate } from "@reelay/shared/runtime/settings";
import type { RequestHandler } from "express";
import { problemFor } from "../problem.ts";
import { ownerOf } from "./authenticate.ts";
import { isWrite } from "./refuse-disabled.ts";

export type RateLimitDeps = {
	rateLimits: RateLimits;
	/** Hears of each request that was refused, and by which limit. */
	onLimited: (limit: string) => void;
};

/** Counts each request under its key, says in the answer what remains, and refuses what is beyond. */
export function limitRates({
	rateLimits,
	onLimited,
}: RateLimitDeps): RequestHandler {
	return async (req, res, next) => {
		const { writes, reads } = rateLimits;
		const limit = isWrite(req.method) ? writes : reads;
		if (limit === null) {
			next();
			return;
		}
		const taken = await limit.take(ownerOf(res).keyId);
		res.set(rateHeaders(limit, taken));
		if (!taken.isAllowed) {
			onLimited(limit.name);
			throw rateLimited(
				`This key has made the ${limit.rate.count} ${limit.name} that it may make in ${limit.rate.windowS} s.`,
				taken,
			);
		}
		next();
	};
}

/** A limit as clients read it: structured fields, by draft-ietf-httpapi-ratelimit-headers. */
export function rateHeaders(
	{ name, rate }: { name: string; rate: Rate },
	{ remaining, resetMs }: Pick<Taken, "remaining" | "resetMs">,
): Record<string, string> {
	return {
		"RateLimit-Policy": `"${name}";q=${rate.count};w=${rate.windowS}`,
		RateLimit: `"${name}";r=${remaining};t=${secondsOf(resetMs)}`,
	};
}

/** The problem that says when to come again. */
export function rateLimited(detail: string, { resetMs }: { resetMs: number }) {
	return problemFor("rate_limited", {
		detail: `${detail} Try again after Retry-After.`,
		headers: { "Retry-After": String(Math.max(secondsOf(resetMs), 1)) },
	});
}

// Up, for who comes a moment too early is refused again.
function secondsOf(ms: number): number {
	return Math.ceil(ms / 1000);
}
