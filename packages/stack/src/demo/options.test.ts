import { expect, it } from "vitest";
import { placeholderPictures } from "./jobs.ts";
import { decidePictures, parseOptions } from "./options.ts";

const pair = "--pictures=https://a.example/1.png,https://b.example/2.png";
const pictures = ["https://a.example/1.png", "https://b.example/2.png"];

it("spends nothing and names no pictures unless it is told to", () => {
	expect(parseOptions([])).toEqual({
		...{ isHelp: false, isOwn: false, maySpend: false, pictures: null },
	});
});

it("reads the options", () => {
	expect(parseOptions(["--own", "--yes-spend-money", pair])).toEqual({
		...{ isHelp: false, isOwn: true, maySpend: true, pictures },
	});
});

it.each([
	["an unknown option", "--yes"],
	["a word", "fast"],
	["one picture", "--pictures=https://a.example/1.png"],
	["three pictures", `${pair},https://c.example/3.png`],
	["what is no URL", "--pictures=a.png,b.png"],
])("refuses %s", (_, argument) => {
	expect(() => parseOptions([argument])).toThrow();
});

it("refuses the real provider without leave to spend", () => {
	const decide = () => decidePictures(parseOptions([pair]), false);

	expect(decide).toThrow("--yes-spend-money");
});

it("refuses the real provider without pictures that it can fetch", () => {
	const decide = () =>
		decidePictures(parseOptions(["--yes-spend-money"]), false);

	expect(decide).toThrow("--pictures");
});

it("shows the simulator pictures that are not there", () => {
	expect(decidePictures(parseOptions([]), true)).toBe(placeholderPictures);
	expect(decidePictures(parseOptions([pair]), true)).toEqual(pictures);
});
