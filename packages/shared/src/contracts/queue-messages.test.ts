import { describe, expect, it } from "vitest";
import { ringId, ringSchema } from "./queue-messages.ts";

describe("ringSchema", () => {
	it("takes a ring of this version", () => {
		const ring = { v: 1, kind: "submit", id: "job_a" };

		expect(ringSchema.parse(ring)).toEqual(ring);
	});

	it.each([
		[{ v: 2, kind: "submit", id: "job_a" }],
		[{ v: 1, kind: "dance", id: "job_a" }],
		[{ v: 1, kind: "submit", id: "" }],
		[{ v: 1, kind: "submit", id: 7 }],
		[{ kind: "submit", id: "job_a" }],
		[null],
		["submit"],
	])("refuses %j", (message) => {
		expect(ringSchema.safeParse(message).success).toBe(false);
	});
});

describe("ringId", () => {
	it("is the same for the same row, and never what BullMQ refuses", () => {
		const id = ringId({ v: 1, kind: "submit", id: "job_01" });

		expect(id).toBe("submit-job_01");
		expect(id).toBe(ringId({ v: 1, kind: "submit", id: "job_01" }));
		expect(id).not.toBe(ringId({ v: 1, kind: "deliver", id: "job_01" }));
		expect(id).not.toMatch(/:|^\d+$/);
	});
});
