import { type RequestHandler, Router } from "express";
import type { Registry } from "prom-client";
import { metricsRoute } from "./metrics.ts";

/** Null when all is well, else a sentence that says what is down. */
export type HealthCheck = () => Promise<string | null>;

/** What the health routes ask; a check is given up after `checkTimeoutMs`. */
export type HealthOptions = {
	checks: Readonly<Record<string, HealthCheck>>;
	isStopping: () => boolean;
	registry: Registry;
	checkTimeoutMs?: number;
};

// Probes give up after a few seconds themselves; the answer must come before.
const defaultCheckTimeoutMs = 2_000;

/**
 * The routes `/healthz` (alive), `/readyz` (can serve, or what is down and why)
 * and `/metrics`. A stopping process is not ready, whatever its checks say, so
 * that balancers send no new work while it ends the old.
 */
export function healthRoutes(options: HealthOptions): Router {
	const router = Router();
	router.get("/healthz", (_request, response) => {
		response.set("cache-control", "no-store").json({ status: "ok" });
	});
	router.get("/readyz", readyRoute(options));
	router.get("/metrics", metricsRoute(options.registry));
	return router;
}

function readyRoute(options: HealthOptions): RequestHandler {
	const timeoutMs = options.checkTimeoutMs ?? defaultCheckTimeoutMs;
	return async (_request, response) => {
		response.set("cache-control", "no-store");
		if (options.isStopping()) {
			response.status(503).json({ status: "stopping" });
			return;
		}
		const results = await Promise.all(
			Object.entries(options.checks).map(async ([name, check]) => {
				const fault = await runCheck(check, timeoutMs);
				return { name, fault };
			}),
		);
		const isReady = results.every(({ fault }) => fault === null);
		const checks = Object.fromEntries(
			results.map(({ name, fault }) => [name, fault ?? "ok"]),
		);
		response
			.status(isReady ? 200 : 503)
			.json({ status: isReady ? "ok" : "unavailable", checks });
	};
}

async function runCheck(
	check: HealthCheck,
	timeoutMs: number,
): Promise<string | null> {
	let timer: NodeJS.Timeout | undefined;
	const timeout = new Promise<string>((resolve) => {
		const sentence = `no answer within ${timeoutMs} ms`;
		timer = setTimeout(() => resolve(sentence), timeoutMs);
	});
	try {
		return await Promise.race([check(), timeout]);
	} catch (error) {
		// Anyone may read this page, and an error's text may name hosts and users.
		const code = (error as NodeJS.ErrnoException | null)?.code;
		return typeof code === "string" ? `failed (${code})` : "failed";
	} finally {
		clearTimeout(timer);
	}
}
