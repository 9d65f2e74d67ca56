import { describe, expect, it } from "vitest";
import { Scripts } from "./scripts.ts";

const fault = (name: "http_500" | "http_429") => ({ fault: name });

describe("Scripts", () => {
	it("apply in their order, each for its number of times", () => {
		const scripts = new Scripts();
		scripts.add({ times: 2, behaviour: fault("http_500") });
		scripts.add({ behaviour: fault("http_429") });

		const taken = [1, 2, 3, 4].map(() => scripts.take("x", {}).fault);

		expect(taken).toEqual(["http_500", "http_500", "http_429", undefined]);
		expect(scripts.list()).toEqual([]);
	});

	it("leave a request alone whose prompt or header does not match", () => {
		const scripts = new Scripts();
		scripts.add({ match: { prompt: "boat" }, behaviour: fault("http_500") });
		scripts.add({
			match: { header: { name: "X-Case", value: "7" } },
			behaviour: fault("http_429"),
		});

		expect(scripts.take("A car", {})).toEqual({});
		expect(scripts.take(null, { "x-case": "8" })).toEqual({});
		expect(scripts.take("A car", { "x-case": "7" }).fault).toBe("http_429");
		expect(scripts.take("A boat", {}).fault).toBe("http_500");
	});

	it("apply to each n-th request when asked, for ever", () => {
		const scripts = new Scripts();
		scripts.add({ every: 3, times: "always", behaviour: fault("http_500") });

		const taken = Array.from({ length: 7 }, () => scripts.take("x", {}).fault);

		expect(taken.map((name) => name !== undefined)).toEqual([
			...[false, false, true],
			...[false, false, true],
			false,
		]);
	});
});
