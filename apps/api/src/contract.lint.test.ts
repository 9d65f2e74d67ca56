import { createOpenApi } from "@reelay/shared/contracts/openapi/document";
import { describe, expect, it } from "vitest";
import { lintContract } from "./testing/lint-contract.ts";

describe("the contract", () => {
	it("has no errors and no warnings by a linter's rules for OpenAPI 3.1", async () => {
		expect(await lintContract(createOpenApi("1.2.3"))).toEqual([]);
	});

	it("would be complained of if it had any", async () => {
		const document = createOpenApi("1.2.3");
		const broken = { ...document, tags: [], info: { title: "" } } as never;

		const complaints = (await lintContract(broken)).join("\n");

		expect(complaints).toMatch(/operation-tag-defined/);
		expect(complaints).toMatch(/version/);
	});
});
