import { expect, it } from "vitest";
import { priceInput } from "./price.ts";

it.each([
	["5", "std", false, 50],
	["5", "std", true, 75],
	["5", "pro", false, 70],
	["15", "pro", true, 300],
] as const)(
	"prices %s s of %s with sound %s at %i points",
	(duration, mode, sound, points) => {
		expect(priceInput({ duration, mode, sound })).toBe(points);
	},
);
