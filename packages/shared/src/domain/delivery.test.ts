import { describe, expect, it } from "vitest";
import { classifyAttempt } from "./delivery.ts";

const answered = (status: number) =>
	classifyAttempt({ kind: "answered", status, retryAfterMs: null });

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
		const error = "why";

		expect(classifyAttempt({ kind: "refused", error })).toBe("aborted");
		expect(classifyAttempt({ kind: "failed", error })).toBe("retry");
	});
});
