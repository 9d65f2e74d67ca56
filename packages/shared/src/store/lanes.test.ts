import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aJob, aTenant } from "../testing/factories.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { claimDueDeliveries } from "./deliveries.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const claim = (limit = 100) => claimDueDeliveries(store.db, "worker-1", limit);
const urlsOf = async (claimed: ReturnType<typeof claim>) =>
	(await claimed).map(({ url }) => url).sort();

/** Jobs that ended one after the other, each owing a delivery to a URL of its own at one host. */
async function owe(host: string, count: number, tenantId = store.tenantId) {
	const urls: string[] = [];
	for (let n = 0; n < count; n += 1) {
		const webhookUrl = `https://${host}/hook?job=${n}`;
		await aJob(store, { state: "succeeded", webhookUrl, tenantId });
		urls.push(webhookUrl);
	}
	return urls;
}

describe("the claim of deliveries", () => {
	it("takes three from each origin, the oldest first, however many are behind them", async () => {
		const behind = await owe("sick.example.com", 20);
		const healthy = await owe("fine.example.com", 1);

		const urls = await urlsOf(claim());

		expect(urls).toEqual([...healthy, ...behind.slice(0, 3)].sort());
	});

	it("gives an origin's places again when they are free, and not before", async () => {
		await owe("sick.example.com", 5);
		const [first] = await claim();

		const full = await claim();
		await store.db.$executeRaw`
			update delivery set lease_owner = null, due_at = now() + interval '5 s' where id = ${first?.id}`;
		const afterOneEnded = await claim();

		expect(full).toEqual([]);
		expect(afterOneEnded).toHaveLength(1);
	});

	it("counts no attempt whose worker has died", async () => {
		await owe("sick.example.com", 3);
		const lost = await claim();
		await store.db.$executeRaw`update delivery set due_at = now()`;

		const again = await claim();

		expect(new Set(again.map(({ id }) => id))).toEqual(
			new Set(lost.map(({ id }) => id)),
		);
	});

	it("serves first the origin that has the fewest under way", async () => {
		await owe("busy.example.com", 3);
		await claim(2);
		const waiting = await owe("idle.example.com", 2);

		expect(await urlsOf(claim(2))).toEqual(waiting);
	});

	it("keeps tenants apart that send to one origin", async () => {
		const other = await aTenant(store);
		await owe("shared.example.com", 5);
		await owe("shared.example.com", 2, other);

		const tenants = (await claim()).map((one) => one.tenant_id).sort();

		expect(tenants).toEqual(
			[store.tenantId, store.tenantId, store.tenantId, other, other].sort(),
		);
	});

	it("leaves alone what is not due, and what has ended", async () => {
		await owe("example.com", 2);
		await store.db.$executeRaw`
			update delivery set due_at = now() + interval '1 s'
			where id = (select min(id) from delivery)`;
		await store.db.$executeRaw`
			update delivery set state = 'aborted', due_at = null, finished_at = now()
			where id = (select max(id) from delivery)`;

		expect(await claim()).toEqual([]);
	});
});
