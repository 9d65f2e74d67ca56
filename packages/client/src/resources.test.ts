import { setTimeout as delay } from "node:timers/promises";
import { aJob } from "@reelay/shared/testing/factories";
import {
	type ApiProcess,
	startApiProcess,
} from "@reelay/stack/testing/api-process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	createWebhookSecret,
	Reelay,
	type ReelayApiError,
	type ReelayError,
	type ReelayEvent,
} from "./index.ts";

let api: ApiProcess;
let reelay: Reelay;
beforeAll(async () => {
	api = await startApiProcess();
	reelay = new Reelay({ apiKey: api.apiKey, baseUrl: api.url });
});
afterAll(() => api?.close());

const body = { input: { prompt: "A paper boat on a quiet lake" } };

const codeOf = (promise: Promise<unknown>) =>
	promise.then(
		() => "no error",
		(error: ReelayError) => error.code,
	);

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

describe("events and endpoints", () => {
	it("reads the feed and follows it from the present on", async () => {
		const known = new Set(await idsOf(reelay.events.list()));
		const told: ReelayEvent[] = [];
		const ours = new Set<string>();
		let isHeard = false;
		// The feed's end may be behind what has just been committed, which is then told as new: listen until it is one of ours.
		const listen = async () => {
			for await (const event of reelay.events.stream({ after: "now" })) {
				told.push(event);
				if ("id" in event.data && ours.has(event.data.id)) return;
			}
		};
		const listening = listen().finally(() => {
			isHeard = true;
		});
		// The stream names its place before it tells of anything, which nothing here can see: tell until it is heard.
		while (!isHeard) {
			const { id } = await reelay.jobs.create(body);
			ours.add(id);
			await reelay.jobs.cancel(id);
			await delay(50);
		}

		await listening;

		const last = told.at(-1);
		expect(last?.type).toBe("video.cancelled");
		expect(told.filter(({ id }) => known.has(id))).toEqual([]);
		const { deliveries } = await reelay.events.get(last?.id ?? "");
		expect(deliveries).toEqual([]);
	});

	it("makes, reads, changes and deletes an endpoint, and rotates its secret", async () => {
		const secret = createWebhookSecret();
		const url = "http://127.0.0.1:9/hook";
		const { endpoints } = reelay;

		const made = await endpoints.create({ url, secret, events: ["video.*"] });
		const changed = await endpoints.update(made.id, { description: "Orders" });
		const rotated = await endpoints.rotateSecret(made.id, { overlap_s: 60 });
		const secrets = await endpoints.secrets(made.id);
		const counted = await endpoints.replay(made.id, {
			since: new Date(Date.now() - 3_600_000).toISOString(),
			dry_run: true,
		});
		const deliveries = await endpoints.deliveries(made.id).page();
		const listed = await endpoints.list();
		await endpoints.delete(made.id);

		expect(made.secret).toBe(secret);
		expect(changed.description).toBe("Orders");
		expect(rotated.secret).toMatch(/^whsec_/);
		expect(secrets).toHaveLength(2);
		expect(counted).toMatchObject({ dry_run: true });
		expect(deliveries.data).toEqual([]);
		expect(listed.map(({ id }) => id)).toContain(made.id);
		expect(await codeOf(endpoints.get(made.id))).toBe("not_found");
	});

	it("knows every type of event, and whether the api can serve", async () => {
		const types = await reelay.events.types();
		const ready = await reelay.ready();

		expect(types.map(({ type }) => type)).toContain("video.succeeded");
		expect(ready.status).toBe("ok");
	});

	it("says unauthorized for a key that nobody knows", async () => {
		const stranger = new Reelay({ apiKey: "rl_nobody", baseUrl: api.url });

		expect(await codeOf(stranger.jobs.list().page())).toBe("unauthorized");
	});
});
