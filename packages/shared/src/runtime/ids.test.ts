import { describe, expect, it } from "vitest";
import { type IdOf, idPrefixes, isId, newId } from "./ids.ts";

const kinds = Object.keys(idPrefixes) as (keyof IdOf)[];

describe("newId", () => {
	it.each(kinds)("makes a %s id that isId knows, in lower case", (kind) => {
		const id = newId(kind);

		expect(id).toMatch(new RegExp(`^${idPrefixes[kind]}_[0-9a-z]{26}$`));
		expect(isId(kind, id)).toBe(true);
		expect(kinds.filter((other) => isId(other, id))).toEqual([kind]);
	});

	it("makes ids that sort in the order they were made", () => {
		const ids = Array.from({ length: 5000 }, () => newId("job"));

		expect(ids.toSorted()).toEqual(ids);
		expect(new Set(ids).size).toBe(ids.length);
	});
});

describe("isId", () => {
	it.each([
		"",
		"job_",
		"sub_01k0aj5m8gq4w3n7y2e6c9vb1d",
		"job-01k0aj5m8gq4w3n7y2e6c9vb1d",
		"job_01k0aj5m8gq4w3n7y2e6c9vb1",
		"job_01k0aj5m8gq4w3n7y2e6c9vb1d0",
		"job_01K0AJ5M8GQ4W3N7Y2E6C9VB1D",
		"job_01k0aj5m8gq4w3n7y2e6c9vb1u",
		"job_81k0aj5m8gq4w3n7y2e6c9vb1d",
		"job_01k0aj5m8gq4w3n7y2e6c9vb1d\n",
		" job_01k0aj5m8gq4w3n7y2e6c9vb1d",
	])("refuses %j", (text) => {
		expect(isId("job", text)).toBe(false);
	});
});
