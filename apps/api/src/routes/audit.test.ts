import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anAdmin, makeKey, reader } from "../testing/keys.ts";
import { type ApiStage, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

describe("GET /v1/audit", () => {
	it("pages through the lines of one's own tenant, newest first, and narrows them", async () => {
		const { key, id: actor } = await anAdmin(stage);
		const one = await makeKey(stage, reader, key);
		const two = await makeKey(stage, reader, key);
		await stage.request(`/v1/keys/${one.id}`, { key, method: "DELETE" });
		const ask = async (query: string) =>
			(await stage.request(`/v1/audit?${query}`, { key })).json;
		const shown = (page: { data: { action: string; target: string }[] }) =>
			page.data.map(({ action, target }) => `${action} ${target}`);

		const first = await ask("limit=2");
		const rest = await ask(`limit=2&cursor=${first.next_cursor}`);

		const all = [
			`key.revoke ${one.id}`,
			`key.create ${two.id}`,
			`key.create ${one.id}`,
		];
		expect([...shown(first), ...shown(rest)]).toEqual(all);
		expect(rest).toMatchObject({ has_more: false, next_cursor: null });
		expect(shown(await ask("action=key.create"))).toEqual(all.slice(1));
		expect(shown(await ask(`target=${one.id}`))).toEqual([all[0], all[2]]);
		expect(shown(await ask(`actor=${actor}`))).toEqual(all);
		expect(shown(await ask("actor=command"))).toEqual([]);
		const at = first.data[1].at;
		expect(shown(await ask(`since=${at}`))).toContain(all[0]);
		expect(shown(await ask(`until=${at}`))).not.toContain(all[0]);
	});

	it.each(["MTIzeA", "a2V5", "LTE"])(
		"refuses the cursor %s",
		async (cursor) => {
			const { json } = await stage.request(`/v1/audit?cursor=${cursor}`);

			expect(json.errors[0].code).toBe("invalid_cursor");
		},
	);
});
