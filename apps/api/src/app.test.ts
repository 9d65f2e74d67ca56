import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, prompt, setStage } from "./testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const body = { input: { prompt } };

describe("every problem", () => {
	it("has the shape of RFC 9457 and names its request", async () => {
		const { headers, json } = await stage.request("/v1/jobs/job_x?secret=1", {
			headers: { "x-request-id": "req-7" },
		});

		expect(headers.get("content-type")).toBe(
			"application/problem+json; charset=utf-8",
		);
		expect(json).toEqual({
			type: "urn:reelay:problem:not_found",
			title: "There is no such thing",
			status: 404,
			detail: "There is no job with this id.",
			instance: "/v1/jobs/job_x",
			code: "not_found",
			retryable: false,
			request_id: "req-7",
		});
	});
});

describe("request ids", () => {
	it("are made up when none is given, and are in the answer and the log", async () => {
		const { headers } = await stage.request("/v1/jobs");

		const id = headers.get("x-request-id");
		expect(id).toMatch(/^[0-9a-f-]{36}$/);
		expect(stage.log.text()).toContain(String(id));
	});

	it.each(['a"b', "x".repeat(65), "a b", "<script>"])(
		"are not taken over from %j",
		async (given) => {
			const { headers } = await stage.request("/v1/jobs", {
				headers: { "x-request-id": given },
			});

			expect(headers.get("x-request-id")).not.toBe(given);
		},
	);
});

describe("every answer", () => {
	it("tells nothing of the server and may not be framed, sniffed or run", async () => {
		const { headers } = await stage.request("/v1/jobs");

		expect(headers.get("x-powered-by")).toBeNull();
		expect(headers.get("content-security-policy")).toContain("default-src");
		expect(headers.get("x-content-type-options")).toBe("nosniff");
		expect(headers.get("x-frame-options")).toBe("SAMEORIGIN");
		expect(headers.get("access-control-allow-origin")).toBeNull();
		expect(headers.get("set-cookie")).toBeNull();
	});
});

describe("404", () => {
	it.each([
		["GET", "/"],
		["GET", "/v1"],
		["GET", "/v2/jobs"],
		["PUT", "/v1/jobs"],
		["DELETE", "/v1/jobs/x"],
		["GET", "/v1/jobs/x/y/z"],
		["GET", "/v1/jobs/../../etc/passwd"],
	])("answers %s %s", async (method, path) => {
		const { status, json } = await stage.request(path, { method });

		expect(status).toBe(404);
		expect(json.code).toBe("not_found");
	});
});

describe("500", () => {
	it("says nothing but its request id, and the log says all", async () => {
		const broken = await setStage({
			onStatement(sql) {
				if (sql.includes("from job")) throw new Error("S3CRET of the inside");
			},
		});

		const { status, json, text } = await broken.request("/v1/jobs");

		expect(status).toBe(500);
		expect(text).not.toContain("S3CRET");
		expect(json).toMatchObject({
			code: "internal_error",
			detail: "Something went wrong on our side. Tell us the request_id.",
		});
		const [line] = broken.log.lines("request.failed");
		expect(line).toMatchObject({
			request_id: json.request_id,
			err: { message: "S3CRET of the inside" },
		});
		await broken.close();
	});
});

describe("503", () => {
	it("is every route's answer while Postgres is away, and passes when it is back", async () => {
		const other = await setStage();
		const key = await other.aKey();
		const job = await other.createJob({}, key);
		const ask = () =>
			Promise.all([
				other.request("/v1/jobs", { key, body }),
				other.request("/v1/jobs", { key }),
				other.request(`/v1/jobs/${job.id}`, { key }),
				other.request(`/v1/jobs/job_01k0aj5m8gq4w3n7y2e6c9vb1d/cancel`, {
					key,
					method: "POST",
				}),
				other.request("/v1/jobs", { key: `${key}-not-remembered` }),
			]);

		other.network.cut();
		const away = await ask();
		other.network.restore();
		const back = await ask();

		expect(away.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
		expect(away[0]?.headers.get("retry-after")).toBe("5");
		expect(away[0]?.json).toMatchObject({
			code: "unavailable",
			retryable: true,
		});
		expect(back.map(({ status }) => status)).toEqual([202, 200, 200, 404, 401]);
		expect(other.rings).toHaveLength(2);
		await other.close();
	});
});

describe("health", () => {
	it("is alive and ready without a key, and not ready while Postgres is away", async () => {
		const other = await setStage();

		const ready = await other.request("/readyz", { key: null });
		other.network.cut();
		const alive = await other.request("/healthz", { key: null });
		const away = await other.request("/readyz", { key: null });

		expect(ready.status).toBe(200);
		expect(alive.status).toBe(200);
		expect(away.status).toBe(503);
		expect(away.json.checks).toEqual({ database: "Postgres does not answer" });
		await other.close();
	});
});
