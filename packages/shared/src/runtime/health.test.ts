import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { signCallbackToken } from "../signing/capability.ts";
import { parseKeyring } from "../signing/keyring.ts";
import { type HealthOptions, healthRoutes } from "./health.ts";
import { type Listening, listen } from "./lifecycle.ts";
import { createMetrics } from "./metrics.ts";

let server: Listening | undefined;

afterEach(() => server?.close(0));

async function serve(changes: Partial<HealthOptions> = {}) {
	const metrics = createMetrics("api");
	const options: HealthOptions = {
		checks: {},
		isStopping: () => false,
		registry: metrics.registry,
		...changes,
	};
	server = await listen(express().use(healthRoutes(options)), {
		port: 0,
		host: "127.0.0.1",
	});
	const { url } = server;
	const get = async (path: string) => {
		const response = await fetch(url + path);
		return { response, status: response.status, text: await response.text() };
	};
	return { metrics, get };
}

describe("/healthz", () => {
	it("is 200 as long as the process answers, also while it stops", async () => {
		const { get } = await serve({
			checks: { database: async () => "down" },
			isStopping: () => true,
		});

		const { status, text } = await get("/healthz");

		expect([status, JSON.parse(text)]).toEqual([200, { status: "ok" }]);
	});
});

describe("/readyz", () => {
	it("is 200 when every check is well", async () => {
		const { get } = await serve({
			checks: { database: async () => null, bell: async () => null },
		});

		const { response, status, text } = await get("/readyz");

		expect(status).toBe(200);
		expect(response.headers.get("cache-control")).toBe("no-store");
		expect(JSON.parse(text)).toEqual({
			status: "ok",
			checks: { database: "ok", bell: "ok" },
		});
	});

	it("is 503 and says which check is down, and why", async () => {
		const { get } = await serve({
			checks: {
				database: async () => null,
				bell: async () => "Redis evicts keys: set maxmemory-policy noeviction",
				broken: async () => {
					const error = new Error("connect ECONNREFUSED 10.0.0.7:5432");
					throw Object.assign(error, { code: "ECONNREFUSED" });
				},
				thrower: () => {
					throw new Error("S3CRET");
				},
			},
		});

		const { status, text } = await get("/readyz");

		expect(status).toBe(503);
		expect(JSON.parse(text)).toEqual({
			status: "unavailable",
			checks: {
				database: "ok",
				bell: "Redis evicts keys: set maxmemory-policy noeviction",
				broken: "failed (ECONNREFUSED)",
				thrower: "failed",
			},
		});
	});

	it("does not wait for a check that never ends", async () => {
		const { get } = await serve({
			checks: { database: () => new Promise(() => {}) },
			checkTimeoutMs: 20,
		});

		const { status, text } = await get("/readyz");

		expect(status).toBe(503);
		expect(JSON.parse(text).checks).toEqual({
			database: "no answer within 20 ms",
		});
	});

	it("says that the process is stopping before it asks anything", async () => {
		let asked = 0;
		const { get } = await serve({
			checks: {
				database: async () => {
					asked += 1;
					return null;
				},
			},
			isStopping: () => true,
		});

		const { status, text } = await get("/readyz");

		expect([status, JSON.parse(text)]).toEqual([503, { status: "stopping" }]);
		expect(asked).toBe(0);
	});
});

describe("/metrics", () => {
	it("shows Node's metrics and ours, labelled with the process", async () => {
		const { metrics, get } = await serve();
		metrics.counter("jobs_total", "Jobs", ["state"]).inc({ state: "queued" });
		metrics.gauge("open_calls", "Calls").set(3);
		metrics.histogram("call_seconds", "Calls", { buckets: [1, 5] }).observe(2);

		const { response, text } = await get("/metrics");

		expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
		expect(text).toMatch(/^nodejs_eventloop_lag_seconds\{process="api"\}/m);
		expect(text).toMatch(
			/^reelay_jobs_total\{state="queued",process="api"\} 1$/m,
		);
		expect(text).toMatch(/^reelay_open_calls\{process="api"\} 3$/m);
		expect(text).toMatch(
			/^reelay_call_seconds_bucket\{le="5",process="api"\} 1$/m,
		);
	});

	it("refuses a name that is taken", async () => {
		const metrics = createMetrics("api");
		metrics.counter("jobs_total", "Jobs");

		expect(() => metrics.gauge("jobs_total", "Jobs")).toThrow(/already/);
	});

	it("shows no callback token, even if one became a label", async () => {
		const key = Buffer.alloc(32, 1).toString("base64");
		const token = signCallbackToken("sub_1", parseKeyring(`k1:${key}`));
		const { metrics, get } = await serve();
		metrics.counter("calls_total", "Calls", ["path"]).inc({ path: token });

		const { text } = await get("/metrics");

		expect(text).toContain('path="sub_1.[redacted]"');
		expect(text).not.toContain(token);
	});
});
