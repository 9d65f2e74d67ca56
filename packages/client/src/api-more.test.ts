import { aJob } from "@reelay/shared/testing/factories";
import {
	type ApiProcess,
	startApiProcess,
} from "@reelay/stack/testing/api-process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Reelay, type ReelayApiError } from "./index.ts";

let api: ApiProcess;
let reelay: Reelay;
beforeAll(async () => {
	api = await startApiProcess();
	reelay = new Reelay({ apiKey: api.apiKey, baseUrl: api.url });
});
afterAll(() => api?.close());

const body = { input: { prompt: "A paper boat on a quiet lake" } };

async function idsOf<T extends { id: string }>(
	list: AsyncIterable<T>,
): Promise<string[]> {
	const ids: string[] = [];
	for await (const { id } of list) ids.push(id);
	return ids;
}

describe("jobs", () => {
	it("are checked without being made, tried again once, and erased", async () => {
		const preview = await reelay.jobs.validate(body);
		const job = await reelay.jobs.create(body);
		await reelay.jobs.cancel(job.id);

		const retried = await reelay.jobs.retry(job.id, { priority: "high" });
		const again = await reelay.jobs.retry(job.id, { priority: "high" });
		const erased = await reelay.jobs.erase(job.id);

		expect(preview).toMatchObject({ valid: true, mode: "text" });
		expect(retried).toMatchObject({ retry_of: job.id, priority: "high" });
		expect(again.id).toBe(retried.id);
		expect(erased.erased_at).not.toBeNull();
	});

	it("are found by several tags and by several values of metadata", async () => {
		const metadata = { shop: "a,b", order: "7" };
		const job = await reelay.jobs.create({
			...body,
			tags: ["one", "two"],
			metadata,
		});
		await reelay.jobs.create({ ...body, tags: ["one"] });

		const byTags = await idsOf(reelay.jobs.list({ tag: ["one", "two"] }));
		const byMetadata = await idsOf(
			reelay.jobs.list({ metadata: ["shop:a,b", "order:7"] }),
		);

		expect(byTags).toEqual([job.id]);
		expect(byMetadata).toEqual([job.id]);
	});
});

describe("batches", () => {
	it("are accepted, listed, read and cancelled as one", async () => {
		const created = await reelay.batches.create({ jobs: [body, body] });

		const listed = await idsOf(reelay.batches.list());
		const cancelled = await reelay.batches.cancel(created.id);
		const read = await reelay.batches.get(created.id);

		expect(created.items.map(({ outcome }) => outcome)).toEqual([
			"accepted",
			"accepted",
		]);
		expect(listed).toContain(created.id);
		expect(cancelled.cancel.cancelled).toBe(2);
		expect(read.counts.cancelled).toBe(2);
	});
});

describe("money", () => {
	it("is held to a budget, which the refusal names, and shown by what it was spent for", async () => {
		const me = await reelay.me();
		const key = await reelay.keys.create({
			name: "poor",
			scopes: ["jobs:write"],
		});
		const name = { owner: key.id, period: "day" } as const;
		await reelay.budgets.set(name, 1);
		const poor = new Reelay({ apiKey: key.key, baseUrl: api.url });

		const refusal = await poor.jobs
			.create(body)
			.catch((error: ReelayApiError) => error);
		const listed = await reelay.budgets.list();
		await reelay.budgets.delete(name);
		await poor.jobs.create(body);
		await aJob(api.store, { state: "succeeded" });
		const usage = await reelay.usage({ group_by: ["mode"] });

		expect(me.key.scopes).toContain("admin");
		expect(refusal).toMatchObject({ code: "budget_exceeded", status: 402 });
		expect(listed).toMatchObject([{ limit_points: 1 }]);
		expect(usage.data).toMatchObject([{ mode: "text" }]);
	});
});

describe("keys and tenants", () => {
	it("are made, rotated and revoked, which the audit log tells", async () => {
		const made = await reelay.keys.create({
			name: "ci",
			scopes: ["jobs:read"],
		});
		const rotated = await reelay.keys.rotate(made.id, { overlap_s: 60 });
		await reelay.keys.revoke(made.id);

		const ended = await reelay.keys.get(made.id);
		const listed = await idsOf(reelay.keys.list());
		const actions: string[] = [];
		for await (const { action } of reelay.audit({ target: made.id })) {
			actions.push(action);
		}

		expect(rotated.rotated_from).toBe(made.id);
		expect(ended.revoked_at).not.toBeNull();
		expect(listed).toEqual(expect.arrayContaining([made.id, rotated.id]));
		expect(actions).toEqual(
			expect.arrayContaining(["key.create", "key.revoke"]),
		);
	});

	it("open a tenant of its own", async () => {
		const tenant = await reelay.tenants.create({ name: "another" });
		const key = await reelay.tenants.createKey(tenant.id, {
			name: "first",
			scopes: ["jobs:read"],
		});
		const theirs = new Reelay({ apiKey: key.key, baseUrl: api.url });

		const me = await theirs.me();
		const jobs = await idsOf(theirs.jobs.list());

		expect(me.tenant.id).toBe(tenant.id);
		expect(jobs).toEqual([]);
	});
});
