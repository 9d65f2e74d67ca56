import { type RequestHandler, Router } from "express";
import type { Registry } from "prom-client";
import { metricsRoute } from "./metrics.ts";

/** Null when all is well, else a sentence that says what is down. */
export type HealthCheck = () => Promise<string | null>;

/** What the health routes ask; a check is given up after `checkTimeoutMs`. */
export type HealthOptions = {
	checks: Readonly<Record<string, HealthCheck>>;
	/** Told beside the checks, but no reason to be taken out of service: restarting would not cure them. */
	notes?: Readonly<Record<string, HealthCheck>>;
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
		const [checks, notes] = await Promise.all([
			runChecks(options.checks, timeoutMs),
			runChecks(options.notes ?? {}, timeoutMs),
		]);
		const isReady = Object.values(checks).every((result) => result === "ok");
		response.status(isReady ? 200 : 503).json({
			status: isReady ? "ok" : "unavailable",
			checks,
			...optional(notes),
		});
	};
}

async function runChecks(
	checks: Readonly<Record<string, HealthCheck>>,
	timeoutMs: number,
): Promise<Record<string, string>> {
	const results = await Promise.all(
		Object.entries(checks).map(async ([name, check]) => {
			const fault = await runCheck(check, timeoutMs);
			return [name, fault ?? "ok"] as const;
		}),
	);
	return Object.fromEntries(results);
}

function optional(notes: Record<string, string>) {
	return Object.keys(notes).length === 0 ? {} : { notes };
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
