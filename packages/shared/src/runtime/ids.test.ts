import { describe, expect, it } from "vitest";
import { type IdOf, idPrefixes, isId } from "./ids.ts";

const kinds = Object.keys(idPrefixes) as (keyof IdOf)[];

describe("isId", () => {
	it.each(kinds)("knows a %s id, and takes it for no other kind", (kind) => {
		const id = `${idPrefixes[kind]}_01k0aj5m8gq4w3n7y2e6c9vb1d`;

		expect(kinds.filter((other) => isId(other, id))).toEqual([kind]);
	});

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
