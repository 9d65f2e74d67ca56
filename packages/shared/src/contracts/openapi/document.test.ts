import { describe, expect, it } from "vitest";
import { actions } from "../../domain/actions/registry.ts";
import { eventTypes } from "../../domain/event.ts";
import { inputSchemaName } from "../action-input.ts";
import { operations } from "../operations/all.ts";
import { problemsOf } from "../operations/operation.ts";
import { createOpenApi } from "./document.ts";

const document = createOpenApi("1.2.3");
const text = JSON.stringify(document);
// biome-ignore lint/suspicious/noExplicitAny: a test states what it expects, and a wrong guess fails it
const at = (pointer: string): any =>
	pointer
		.split("/")
		.slice(1)
		.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
		// biome-ignore lint/suspicious/noExplicitAny: as above
		.reduce((value: any, step) => value?.[step], document);

describe("the document", () => {
	it("is the same each time it is made, so that its ETag speaks of its content alone", () => {
		expect(JSON.stringify(createOpenApi("1.2.3"))).toBe(text);
	});

	it("refers to nothing that is not in it, and to no other host", () => {
		const refs = [...text.matchAll(/"\$ref":"#([^"]+)"/g)].map(
			([, pointer = ""]) => pointer,
		);

		expect(refs.length).toBeGreaterThan(100);
		for (const ref of refs) expect(at(ref), ref).toBeDefined();
		expect(text).not.toMatch(/"\$ref":"[^#]/);
	});

	it("names every part that it has, and uses each", () => {
		for (const part of ["schemas", "responses", "headers"] as const) {
			for (const name of Object.keys(at(`/components/${part}`))) {
				expect(text).toContain(`"#/components/${part}/${name}"`);
			}
		}
		expect(text).not.toContain("__schema");
	});

	it("describes the input of every action, as what a job needs", () => {
		const body = at("/components/schemas/CreateJob");

		expect(body.required).toEqual(["input"]);
		for (const name of actions.keys()) {
			const inputs = JSON.stringify(body.properties.input);
			expect(inputs).toContain(`#/components/schemas/${inputSchemaName(name)}`);
		}
	});

	it.each(operations)(
		"says what $id asks of a key, and every problem that it has",
		(operation) => {
			const { route, method, scope } = operation;
			const escaped = route.replaceAll("/", "~1");
			const said = at(`/paths/${escaped}/${method}`);

			const security = scope === "any" ? [] : [scope];
			expect(said.security).toEqual(
				scope === "none" ? [] : [{ apiKey: security }],
			);
			const responses = Object.values<{ $ref?: string }>(said.responses);
			const codes = responses.flatMap(({ $ref }) =>
				$ref === undefined ? [] : ($ref.split(".").slice(1) as string[]),
			);
			expect(codes.sort()).toEqual(problemsOf(operation).toSorted());
		},
	);

	it("has a webhook for each type of event, with the three headers that sign it", () => {
		expect(Object.keys(document.webhooks)).toEqual(eventTypes);
		for (const type of eventTypes) {
			const { parameters } = at(`/webhooks/${type}/post`);
			// biome-ignore lint/suspicious/noExplicitAny: as above
			expect(parameters.map(({ name }: any) => name)).toEqual([
				"webhook-id",
				"webhook-timestamp",
				"webhook-signature",
			]);
		}
	});

	it("closes what is sent to it, and leaves open what it answers", () => {
		expect(at("/components/schemas/CreateJob").additionalProperties).toBe(
			false,
		);
		expect(at("/components/schemas/Job")).not.toHaveProperty(
			"additionalProperties",
		);
	});
});
