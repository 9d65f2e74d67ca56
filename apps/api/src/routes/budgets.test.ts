import { aTenant } from "@reelay/shared/testing/factories";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, prompt, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
beforeEach(() => clearTestStore(stage.store));
afterAll(() => stage.close());

const put = (name: string, limit_points: unknown, key?: string) =>
	stage.request(`/v1/budgets/${name}`, {
		method: "PUT",
		body: { limit_points },
		...(key === undefined ? {} : { key }),
	});
const post = (body: Record<string, unknown> = {}, key?: string) =>
	stage.request("/v1/jobs", {
		body: { input: { prompt }, ...body },
		...(key === undefined ? {} : { key }),
	});
/** The id of the key that a request bears. */
async function idOf(key: string): Promise<string> {
	const rows = await stage.db.$queryRaw<{ id: string }[]>`
		select id from api_key order by id desc limit 1`;
	expect(key).toMatch(/^rl_/);
	return String(rows[0]?.id);
}
const audits = () =>
	stage.db.$queryRaw`select action, target, data from audit order by id`;

describe("a job that a budget does not allow", () => {
	it("is a 402 that says which budget, what is left of it, and when it begins anew", async () => {
		await put("tenant/day", 250);
		await post();

		const { status, json } = await post();

		expect(status).toBe(402);
		expect(json).toMatchObject({
			code: "budget_exceeded",
			retryable: false,
			budget: {
				key_id: null,
				period: "day",
				limit_points: 250,
				used_points: 0,
				reserved_points: 200,
				remaining_points: 50,
				needed_points: 200,
			},
		});
		const { resets_at, period_started_at } = json.budget;
		expect(Date.parse(resets_at) - Date.parse(period_started_at)).toBe(
			86_400_000,
		);
		expect(json.detail).toContain("200 points");
		expect(json.detail).toContain(resets_at);
		const { json: list } = await stage.request("/v1/jobs");
		expect(list.data).toHaveLength(1);
		expect(stage.rings.at(-1)?.ids).toEqual([list.data[0].id]);
	});

	it("is still answered as before when it repeats an idempotency key", async () => {
		const headers = { "Idempotency-Key": "order-7" };
		const body = { input: { prompt } };
		const first = await stage.request("/v1/jobs", { headers, body });
		await put("tenant/total", 1);

		const again = await stage.request("/v1/jobs", { headers, body });

		expect(again.status).toBe(202);
		expect(again.json.id).toBe(first.json.id);
	});

	it("counts for the key that asked for it, and for no other", async () => {
		const key = await stage.aKey();
		await put(`${await idOf(key)}/month`, 200);

		const answers = [await post({}, key), await post({}, key), await post()];

		expect(answers.map(({ status }) => status)).toEqual([202, 402, 202]);
		expect(answers[1]?.json.detail).toContain("this API key's monthly budget");
	});
});

describe("budgets", () => {
	it("are listed with what is gone of each, the tenant's own first", async () => {
		const keyId = await idOf(await stage.aKey());
		await put(`${keyId}/total`, 10);
		await put("tenant/month", 1_000);
		await put("tenant/day", 500);
		await post();

		const { json } = await stage.request("/v1/budgets");

		expect(json.data).toMatchObject([
			{ key_id: null, period: "day", reserved_points: 200 },
			{ key_id: null, period: "month", remaining_points: 800 },
			{ key_id: keyId, period: "total", reserved_points: 0, resets_at: null },
		]);
		const self = json.data[1].links.self;
		expect((await stage.request(self)).json).toEqual(json.data[1]);
	});

	it("are changed and ended, each with a line in the audit", async () => {
		await put("tenant/day", 500);
		await put("tenant/day", 700);

		const ended = await stage.request("/v1/budgets/tenant/day", {
			method: "DELETE",
		});

		expect(ended.status).toBe(204);
		const gone = await stage.request("/v1/budgets/tenant/day");
		expect(gone.status).toBe(404);
		expect(await audits()).toEqual([
			{
				action: "budget.set",
				target: "tenant/day",
				data: { limit_points: 500 },
			},
			{
				action: "budget.set",
				target: "tenant/day",
				data: { limit_points: 700 },
			},
			{ action: "budget.end", target: "tenant/day", data: {} },
		]);
	});

	it.each([["tenant/week"], ["nobody/day"]])("are 404 at %s", async (name) => {
		expect((await put(name, 1)).status).toBe(404);
	});

	it("are 404 for another tenant's key", async () => {
		const keyId = await idOf(await stage.aKey(await aTenant(stage.store)));

		expect((await put(`${keyId}/day`, 1)).status).toBe(404);
	});

	it.each([-1, 1.5, "many", 1e13, null])(
		"are 422 with a limit of %j",
		async (limit) => {
			const { status, json } = await put("tenant/day", limit);

			expect(status).toBe(422);
			expect(json.errors[0].pointer).toBe("/limit_points");
		},
	);

	it("are 403 without the scope admin", async () => {
		const key = await stage.aKey(stage.store.tenantId, ["jobs:write"]);

		expect((await put("tenant/day", 1, key)).status).toBe(403);
	});
});
