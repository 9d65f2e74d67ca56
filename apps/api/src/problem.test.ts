import { type ProblemCode, problems } from "@reelay/shared/domain/errors";
import { runtimeProblemCodes } from "@reelay/shared/runtime/problem-details";
import { describe, expect, it } from "vitest";
import { databaseProblems, problemFor } from "./problem.ts";

const codes = Object.keys(problems) as ProblemCode[];

describe("the catalogue", () => {
	it.each(codes)(
		"says of %s its status, a title and whether to retry",
		(code) => {
			const problem = problemFor(code, { detail: "why" });

			expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
			expect(problem.status).toBeGreaterThanOrEqual(400);
			expect(problem.status).toBeLessThan(600);
			expect(problem.title).toMatch(/^[A-Z].*[^.]$/);
			expect(problem.retryable).toBe(
				problem.status >= 500 || problem.status === 429,
			);
			expect(problem).toMatchObject({ code, detail: "why", errors: [] });
		},
	);

	it("holds every code that the runtime gives by itself", () => {
		expect(codes).toEqual(expect.arrayContaining([...runtimeProblemCodes]));
	});

	it("has a title of its own for every code", () => {
		const titles = codes.map((code) => problems[code].title);

		expect(new Set(titles).size).toBe(codes.length);
	});
});

describe("problemFor", () => {
	it("shows a violation's message as its detail", () => {
		const { errors } = problemFor("invalid_request", {
			detail: "why",
			errors: [
				{ pointer: "/tags", code: "too_big", message: "at most 20" },
				{ header: "Idempotency-Key", code: "invalid_format", message: "no" },
			],
		});

		expect(errors).toEqual([
			{ pointer: "/tags", code: "too_big", detail: "at most 20" },
			{ header: "Idempotency-Key", code: "invalid_format", detail: "no" },
		]);
	});
});

describe("databaseProblems", () => {
	const pass = (error: unknown) => {
		let passed: unknown;
		databaseProblems(error, {} as never, {} as never, (next) => {
			passed = next;
		});
		return passed;
	};

	it.each([
		Object.assign(new Error("x"), { code: "ECONNREFUSED" }),
		Object.assign(new Error("x"), { code: "57P01" }),
		new Error("wrapped", { cause: new Error("Connection terminated") }),
		Object.assign(new Error("x"), {
			meta: { driverAdapterError: { cause: { originalCode: "53300" } } },
		}),
		...["57014", "40P01", "40001"].map((originalCode) =>
			Object.assign(new Error(originalCode), {
				meta: { driverAdapterError: { cause: { originalCode } } },
			}),
		),
	])("makes a database that is away a 503 that keeps its cause", (error) => {
		expect(pass(error)).toMatchObject({ status: 503, cause: error });
	});

	it.each([
		new Error("division by zero"),
		Object.assign(new Error("x"), { code: "23505" }),
		"a thrown text",
		null,
	])("leaves every other error as it is", (error) => {
		expect(pass(error)).toBe(error);
	});
});
