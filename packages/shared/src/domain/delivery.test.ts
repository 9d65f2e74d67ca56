import { describe, expect, it } from "vitest";
import { classifyAttempt, judgeEndpoint } from "./delivery.ts";

const anAnswer = (status: number, instruction: string | null = null) =>
	({ kind: "answered", status, retryAfterMs: null, instruction }) as const;
const answered = (status: number) => classifyAttempt(anAnswer(status));

describe("classifyAttempt", () => {
	it.each([200, 201, 202, 204, 299])("takes %s for delivered", (status) => {
		expect(answered(status)).toBe("delivered");
	});

	it.each([
		100, 199, 300, 301, 307, 400, 401, 404, 408, 409, 422, 429, 500, 503, 599,
	])("tries again after %s", (status) => {
		expect(answered(status)).toBe("retry");
	});

	it("gives up on 410 Gone at once", () => {
		expect(answered(410)).toBe("aborted");
	});

	it("gives up on what we refuse to send, and tries again what failed on the way", () => {
		expect(classifyAttempt({ kind: "refused" })).toBe("aborted");
		expect(classifyAttempt({ kind: "failed" })).toBe("retry");
	});
});

describe("a receiver's instruction", () => {
	it.each([
		["disable", 500, "aborted", "asked"],
		["disable", 200, "delivered", "asked"],
		["abort-message", 500, "aborted", "none"],
		["abort-message", 200, "delivered", "healthy"],
		[" Abort-Message ", 400, "aborted", "none"],
		["abort", 500, "retry", "failing"],
	])(
		"%s with %i makes the delivery %s, and the endpoint %s",
		(instruction, status, outcome, verdict) => {
			const answer = anAnswer(status, instruction);

			expect(classifyAttempt(answer)).toBe(outcome);
			expect(judgeEndpoint(answer)).toBe(verdict);
		},
	);
});

describe("judgeEndpoint", () => {
	it("calls an endpoint gone for 410, healthy for 2xx, and failing for all else", () => {
		const ends = [
			anAnswer(204),
			anAnswer(410),
			anAnswer(404),
			anAnswer(302),
			{ kind: "failed" } as const,
			{ kind: "refused" } as const,
		];

		expect(ends.map(judgeEndpoint)).toEqual([
			"healthy",
			"gone",
			"failing",
			"failing",
			"failing",
			"failing",
		]);
	});
});
