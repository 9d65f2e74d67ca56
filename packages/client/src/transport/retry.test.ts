import { describe, expect, it } from "vitest";
import { decidePauseMs, isWorthRepeating, readRetryAfter } from "./retry.ts";

describe("decidePauseMs", () => {
	it.each([
		[1, 500],
		[2, 1_000],
		[5, 8_000],
		[50, 8_000],
	])("after %i failures waits for anything up to %i ms", (failures, bound) => {
		const error = { retryAfterS: null };

		expect(decidePauseMs(failures, error, 0)).toBe(0);
		expect(decidePauseMs(failures, error, 0.5)).toBe(bound / 2);
		expect(decidePauseMs(failures, error, 1)).toBe(bound);
	});

	it("waits no less than the server asks for, and not all at the same instant", () => {
		expect(decidePauseMs(1, { retryAfterS: 7 }, 0)).toBe(7_000);
		expect(decidePauseMs(1, { retryAfterS: 7 }, 1)).toBe(7_500);
	});
});

describe("isWorthRepeating", () => {
	const may = { isRepeatable: true, failures: 1, maxRetries: 2 };
	const error = { retryable: true, retryAfterS: null };

	it.each([
		["what is safe and may help", error, may, true],
		["what is not safe", error, { ...may, isRepeatable: false }, false],
		["what will not help", { ...error, retryable: false }, may, false],
		["the last time it may", error, { ...may, failures: 2 }, true],
		["more often than it may", error, { ...may, failures: 3 }, false],
		[
			"what the server puts off a little",
			{ ...error, retryAfterS: 60 },
			may,
			true,
		],
		[
			"what the server puts off for long",
			{ ...error, retryAfterS: 61 },
			may,
			false,
		],
	])("judges %s", (_name, given, limits, expected) => {
		expect(isWorthRepeating(given, limits)).toBe(expected);
	});
});

describe("readRetryAfter", () => {
	const now = Date.parse("2026-01-01T12:00:00Z");
	const read = (headers: Record<string, string>) =>
		readRetryAfter(new Headers(headers), now);

	it.each([
		["seconds", { "retry-after": "7" }, 7],
		["a date", { "retry-after": "Thu, 01 Jan 2026 12:00:09 GMT" }, 9],
		["a date gone by", { "retry-after": "Thu, 01 Jan 2026 11:00:00 GMT" }, 0],
		["nothing", {}, null],
		["nonsense", { "retry-after": "soon" }, null],
		["a negative number", { "retry-after": "-1000000000000" }, null],
	])("reads %s", (_name, headers, expected) => {
		expect(read(headers as Record<string, string>)).toBe(expected);
	});

	it("measures a date by the clock that wrote it", () => {
		const headers = {
			date: "Thu, 01 Jan 2026 18:00:00 GMT",
			"retry-after": "Thu, 01 Jan 2026 18:00:05 GMT",
		};

		expect(read(headers)).toBe(5);
	});
});
