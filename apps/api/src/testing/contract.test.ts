import { problemExample } from "@reelay/shared/contracts/problem";
import { exampleJob } from "@reelay/shared/contracts/samples";
import { describe, expect, it } from "vitest";
import { checkAnswer, findOperation } from "./contract.ts";

const job = exampleJob("queued");
const path = `/v1/jobs/${job.id}`;
const mediaType = "application/json";
const problem = (code: Parameters<typeof problemExample>[0]) => ({
	status: problemExample(code).status,
	mediaType: "application/problem+json",
	body: problemExample(code) as unknown,
});

describe("findOperation", () => {
	it.each([
		["GET", "/v1/jobs", "listJobs"],
		["HEAD", "/v1/jobs/", "listJobs"],
		["GET", path, "getJob"],
		["GET", `${path}/events?limit=1`, "listJobTimeline"],
		["GET", "/openapi.json", "getOpenApi"],
	])("finds what serves %s %s", (method, asked, id) => {
		expect(findOperation(method, asked)?.id).toBe(id);
	});

	it.each([
		["PUT", "/v1/jobs"],
		["GET", "/v1/jobs/x/y/z"],
		["GET", "/openapiXjson"],
	])("finds nothing that serves %s %s", (method, asked) => {
		expect(findOperation(method, asked)).toBeNull();
	});
});

describe("checkAnswer", () => {
	const check = (given: Parameters<typeof checkAnswer>[1]) => () =>
		checkAnswer(findOperation("GET", path), given);

	it("lets pass what is documented", () => {
		expect(check({ status: 200, mediaType, body: job })).not.toThrow();
		expect(check(problem("not_found"))).not.toThrow();
	});

	it.each([
		["a field that nobody documented", { ...job, extra: 1 }],
		["one too few", { ...job, tags: undefined }],
		["one of another kind", { ...job, timeout_s: "1800" }],
		["an inner one that nobody documented", { ...job, cost: { usd: 1 } }],
	])("refuses %s", (_what, body) => {
		expect(check({ status: 200, mediaType, body })).toThrow("getJob");
	});

	it("refuses another status, media type or problem than those documented", () => {
		expect(check({ status: 201, mediaType, body: job })).toThrow("status 201");
		expect(check({ status: 200, mediaType: "text/html", body: job })).toThrow(
			"text/html",
		);
		expect(check(problem("external_id_taken"))).toThrow("external_id_taken");
		expect(check({ ...problem("not_found"), status: 410 })).toThrow("status");
		expect(check({ ...problem("not_found"), body: {} })).toThrow();
	});
});
