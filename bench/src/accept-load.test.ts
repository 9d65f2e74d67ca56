import { expect, it } from "vitest";
import { compareAccepts } from "./accept-load.ts";

const answered = { accepted: 10, refused: 0 };

it("finds nothing wrong when each 202 has one row with one line", () => {
	const found = { rows: 10, numbers: 10, odd: 0 };

	const counters = compareAccepts(answered, found);

	expect(counters).toEqual({
		accepted: 10,
		refused: 0,
		lost: 0,
		duplicated: 0,
		missed: 0,
	});
});

it("counts a 202 without a row as lost, also beside a doubled one", () => {
	const found = { rows: 10, numbers: 9, odd: 0 };

	const counters = compareAccepts(answered, found);

	expect(counters).toMatchObject({ lost: 1, duplicated: 1 });
});

it("does not blame a row that nobody was told of", () => {
	const found = { rows: 11, numbers: 11, odd: 0 };

	const counters = compareAccepts({ accepted: 10, refused: 1 }, found);

	expect(counters).toMatchObject({ refused: 1, lost: 0, duplicated: 0 });
});
