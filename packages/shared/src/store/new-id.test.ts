import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdOf, idPrefixes, isId } from "../runtime/ids.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

async function makeIds(prefix: string, count: number): Promise<string[]> {
	const rows = await store.db.$queryRaw<{ id: string }[]>`
		select new_id(${prefix}) as id from generate_series(1, ${count}::int)`;
	return rows.map((row) => row.id);
}

describe("new_id", () => {
	it.each(Object.keys(idPrefixes) as (keyof IdOf)[])(
		"makes %s ids that isId knows, and none twice",
		async (kind) => {
			const ids = await makeIds(idPrefixes[kind], 1000);

			expect(ids.filter((id) => !isId(kind, id))).toEqual([]);
			expect(new Set(ids).size).toBe(ids.length);
		},
	);

	it("begins with the database's clock in milliseconds, so that ids sort by it", async () => {
		const rows = await store.db.$queryRaw<
			{ before: bigint; id: string; after: bigint }[]
		>`
			with earlier as materialized (select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms),
			made as materialized (select ms, new_id('job') as id from earlier)
			select ms as before, id, (extract(epoch from clock_timestamp()) * 1000)::bigint as after from made`;

		const [{ before, id, after } = { before: 0n, id: "", after: 0n }] = rows;
		const ms = BigInt(decodeTime(id));
		expect(ms >= before && ms <= after).toBe(true);
	});
});

/** The first ten signs, in Crockford's base 32, whose order is that of the characters. */
function decodeTime(id: string): number {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
	const signs = [...(id.split("_")[1] ?? "").slice(0, 10)];
	return signs.reduce((ms, sign) => ms * 32 + alphabet.indexOf(sign), 0);
}
