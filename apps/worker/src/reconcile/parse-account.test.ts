import { describe, expect, it } from "vitest";
import { parseBalance, parseUsage } from "./parse-account.ts";

const at = new Date("2026-11-22T10:00:00.000Z");

describe("parseUsage", () => {
	it.each([
		[
			"a page",
			{
				items: [
					{ task_id: "t-1", cost_points: 70, created_at: "2026-11-22T10:00Z" },
				],
				total: 1,
			},
		],
		["a bare list", [{ taskId: "t-1", points: "70", time: at.getTime() }]],
		[
			"an envelope, with seconds and a change of the balance",
			{
				code: 200,
				data: { records: [{ id: "t-1", amount: -70, date: 1_795_341_600 }] },
			},
		],
		[
			"a list in data",
			{ data: [{ request_id: "t-1", credits: 70, createTime: "1795341600" }] },
		],
	])("reads %s", (_what, body) => {
		expect(parseUsage(body)?.spends).toMatchObject([
			{ ids: ["t-1"], points: 70, at },
		]);
	});

	it("keeps every id and what it does not understand", () => {
		const line = { id: 7, task_id: "t-1", cost: 70, colour: "red" };

		expect(parseUsage([line])?.spends).toEqual([
			{ ids: ["t-1", "7"], points: 70, at: null, action: null, raw: line },
		]);
	});

	it("passes by what was free, and takes sums for what they are", () => {
		const page = parseUsage({
			items: [
				{ task_id: "t-1", cost_points: 0 },
				{ action: "a", requests: 3, points: 210 },
				"noise",
			],
		});

		expect(page).toMatchObject({ spends: [], sums: [{ points: 210 }] });
	});

	it.each([[null], ["text"], [{ detail: "no" }], [{ items: 7 }]])(
		"finds no list in %j",
		(body) => {
			expect(parseUsage(body)).toBeNull();
		},
	);
});

describe("parseBalance", () => {
	it.each([
		[{ balance: 12 }, 12],
		[{ data: { points: "12.5" } }, 12.5],
		[{ name: "x" }, null],
		[null, null],
	])("of %j is %j", (body, balance) => {
		expect(parseBalance(body)).toBe(balance);
	});
});
