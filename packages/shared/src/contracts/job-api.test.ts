import { describe, expect, it } from "vitest";
import {
	createJobSchema,
	idempotencyKeySchema,
	listJobsSchema,
	listTimelineSchema,
} from "./job-api.ts";

const parse = (body: unknown) => createJobSchema.safeParse(body);

describe("createJobSchema", () => {
	it("fills in the defaults and leaves the input to its action", () => {
		const input = { anything: [1, "two"] };

		const parsed = parse({ input });

		expect(parsed.data).toEqual({
			input,
			priority: "normal",
			start_within_s: 86_400,
			timeout_s: 1_800,
		});
	});

	it.each([
		[{ webhook_url: null, external_id: null, metadata: null, tags: null }],
		[{ external_id: "x".repeat(200), tags: Array(20).fill("t".repeat(64)) }],
		[{ metadata: { ["k".repeat(64)]: "v".repeat(500) } }],
		[{ run_at: "2026-01-01T00:00:00Z" }],
		[{ run_at: "2026-01-01T01:00:00.5+01:00" }],
		[{ start_within_s: 1, timeout_s: 60 }],
		[{ start_within_s: 604_800, timeout_s: 86_400 }],
	])("takes %j", (body) => {
		expect(parse(body).success).toBe(true);
	});

	it.each([
		[{ webhook: "https://example.com" }],
		[{ external_id: "" }],
		[{ external_id: "x".repeat(201) }],
		[{ metadata: { "": "v" } }],
		[{ metadata: { key: 7 } }],
		[{ metadata: { key: "v".repeat(501) } }],
		[
			{
				metadata: Object.fromEntries(
					Array.from({ length: 51 }, (_, n) => [`k${n}`, "v"]),
				),
			},
		],
		[{ tags: Array(21).fill("t") }],
		[{ tags: [""] }],
		[{ priority: "urgent" }],
		[{ run_at: "tomorrow" }],
		[{ run_at: "2026-01-01T00:00:00" }],
		[{ start_within_s: 0 }],
		[{ start_within_s: 604_801 }],
		[{ timeout_s: 59 }],
		[{ timeout_s: 86_401 }],
		[{ timeout_s: "60" }],
		[{ timeout_s: 60.5 }],
		[[]],
		["text"],
	])("refuses %j", (body) => {
		expect(parse(body).success).toBe(false);
	});

	it("tells every mistake at once", () => {
		const { error } = parse({ priority: "urgent", timeout_s: 1, other: true });

		expect(error?.issues).toHaveLength(3);
	});
});

describe("listJobsSchema", () => {
	it.each([
		[{}, []],
		[{ state: "queued" }, ["queued"]],
		[{ state: "queued,failed" }, ["queued", "failed"]],
		[{ state: ["queued", "failed,expired"] }, ["queued", "failed", "expired"]],
	])("reads the states of %j", (query, states) => {
		expect(listJobsSchema.parse(query).state).toEqual(states);
	});

	it.each([
		{ state: "paused" },
		{ state: "queued," },
		{ limit: "0" },
		{ limit: "101" },
		{ limit: "many" },
		{ page: "2" },
	])("refuses %j", (query) => {
		expect(listJobsSchema.safeParse(query).success).toBe(false);
	});
});

describe("listTimelineSchema", () => {
	it.each([
		["0", true],
		["123456789012345678", true],
		["1234567890123456789", false],
		["-1", false],
		["1e3", false],
		["", false],
	])("takes %j for the id of an entry: %s", (after, isOne) => {
		expect(listTimelineSchema.safeParse({ after }).success).toBe(isOne);
	});
});

describe("idempotencyKeySchema", () => {
	it.each([
		["a", true],
		["~!weird:key/with=signs", true],
		["k".repeat(255), true],
		["", false],
		["k".repeat(256), false],
		["with space", false],
		["ünïcode", false],
		["line\nbreak", false],
	])("takes %j: %s", (key, isOne) => {
		expect(idempotencyKeySchema.safeParse(key).success).toBe(isOne);
	});
});
