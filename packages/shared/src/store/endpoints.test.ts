import { createPrismaClient } from "@reelay/prisma/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { maxEndpoints } from "../domain/endpoint.ts";
import { anEndpoint, aTenant } from "../testing/factories.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import {
	deleteEndpoint,
	findEndpoint,
	listEndpoints,
	updateEndpoint,
} from "./endpoints.ts";
import {
	expireSecret,
	listSealedSecrets,
	listSecrets,
	rotateSecret,
} from "./secrets.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const early = { applicationName: "reelay-early", poolSize: 1 };
const own = (id: string) => ({ tenantId: store.tenantId, id });
const signing = (endpointId: string) =>
	listSealedSecrets(store.db, { tenantId: store.tenantId, endpointId });
const rotate = (endpointId: string, sealed: string, overlapS = 3600) =>
	rotateSecret(store.db, { endpointId, sealed, publicKey: null, overlapS });

describe("an endpoint", () => {
	it("is its tenant's alone, and unknown once it is deleted, with its secrets", async () => {
		const { id } = await anEndpoint(store);
		const stranger = await aTenant(store);

		const seen = await findEndpoint(store.db, store.tenantId, id);
		const byStranger = await findEndpoint(store.db, stranger, id);
		const deletedByStranger = await deleteEndpoint(store.db, stranger, id);
		const deleted = await deleteEndpoint(store.db, store.tenantId, id);
		const again = await deleteEndpoint(store.db, store.tenantId, id);

		expect(seen?.id).toBe(id);
		expect(byStranger).toBeNull();
		expect([deletedByStranger, deleted, again]).toEqual([false, true, false]);
		expect(await listEndpoints(store.db, store.tenantId)).toEqual([]);
		expect(await signing(id)).toEqual([]);
	});

	it("is not made beyond the number that a tenant may have", async () => {
		for (let n = 0; n < maxEndpoints; n += 1) await anEndpoint(store);

		await expect(anEndpoint(store)).rejects.toThrow();
		expect(await listEndpoints(store.db, store.tenantId)).toHaveLength(
			maxEndpoints,
		);
	});

	it("changes in what a patch names, and in nothing else", async () => {
		const before = await anEndpoint(store, { description: "first" });

		const after = await updateEndpoint(store.db, own(before.id), {
			events: ["*"],
			scheduleS: [0, 60],
			description: null,
		});

		expect(after).toEqual({
			...before,
			events: ["*"],
			schedule_s: [0, 60],
			description: null,
			updated_at: expect.any(Date),
		});
	});

	it("sends one at a time while it keeps the order, whichever change comes last", async () => {
		const { id } = await anEndpoint(store);

		const changes = await Promise.all([
			updateEndpoint(store.db, own(id), { ordered: true }),
			updateEndpoint(store.db, own(id), { concurrency: 5 }),
		]);
		const wide = await updateEndpoint(store.db, own(id), {
			ordered: false,
			concurrency: 7,
		});

		expect(changes).not.toContain(null);
		expect(await updateEndpoint(store.db, own(id), {})).toEqual({
			...wide,
			updated_at: expect.any(Date),
		});
		expect(wide).toMatchObject({ ordered: false, concurrency: 7 });
	});

	it("keeps the reason why it is disabled, and forgets its failures when it is enabled", async () => {
		const { id } = await anEndpoint(store);
		await store.db.$executeRaw`
			update endpoint set disabled_at = now(), disabled_reason = 'gone', failing_since = now(), failure_streak = 12,
				probe_at = now()`;

		const kept = await updateEndpoint(store.db, own(id), { disabled: true });
		const enabled = await updateEndpoint(store.db, own(id), {
			disabled: false,
		});

		expect(kept).toMatchObject({
			disabled_reason: "gone",
			failure_streak: 12,
		});
		expect(enabled).toMatchObject({
			disabled_at: null,
			disabled_reason: null,
			failing_since: null,
			failure_streak: 0,
			probe_at: null,
		});
	});
});

describe("secrets", () => {
	it("sign together until the overlap is over, the newest first", async () => {
		const { id } = await anEndpoint(store, { sealedSecret: "first" });
		await rotate(id, "second");
		const during = await signing(id);

		await store.db.$executeRaw`
			update webhook_secret set expires_at = expires_at - interval '3601 s'`;

		expect(during).toEqual(["second", "first"]);
		expect(await signing(id)).toEqual(["second"]);
	});

	it("are at most three at once, however many ask at the same moment", async () => {
		const { id } = await anEndpoint(store, { sealedSecret: "0" });

		const rotated = await Promise.all(
			["1", "2", "3", "4", "5", "6"].map((sealed) => rotate(id, sealed)),
		);

		expect(rotated.filter((one) => one !== null)).toHaveLength(2);
		expect(await signing(id)).toHaveLength(3);
	});

	it("without an overlap end at once, and there is always room for that", async () => {
		const { id } = await anEndpoint(store, { sealedSecret: "0" });
		await rotate(id, "1");
		await rotate(id, "2");

		const refused = await rotate(id, "3");
		const replaced = await rotate(id, "4", 0);

		expect(refused).toBeNull();
		expect(replaced).toMatchObject({ expires_at: null });
		expect(await signing(id)).toEqual(["4"]);
	});

	it("can be ended by hand, but never the last one, even by two at once", async () => {
		const { id } = await anEndpoint(store);
		await rotate(id, "second");
		const secrets = await listSecrets(store.db, id);

		const ended = await Promise.all(
			secrets.map((secret) => expireSecret(store.db, id, secret.id)),
		);
		const stranger = await expireSecret(store.db, id, "sec_unknown");

		expect(ended.toSorted()).toEqual([false, true]);
		expect(stranger).toBe(false);
		expect(await signing(id)).toHaveLength(1);
	});

	it("count as ended for one who began before they were, so that the last one stays", async () => {
		const { id } = await anEndpoint(store);
		await rotate(id, "second");
		const [newer, older] = await listSecrets(store.db, id);

		const prisma = createPrismaClient({ url: store.url, ...early });

		const ended = await prisma.$transaction(async (began) => {
			await began.$queryRaw`select now()`;
			const first = await expireSecret(store.db, id, newer?.id ?? "");
			return [first, await expireSecret(began, id, older?.id ?? "")];
		});
		await prisma.$disconnect();

		expect(ended).toEqual([true, false]);
		expect(await signing(id)).toHaveLength(1);
	});

	it("of a shorter life are not prolonged by a rotation", async () => {
		const { id } = await anEndpoint(store);
		await rotate(id, "second", 60);

		await rotate(id, "third", 3600);

		const lives = (await listSecrets(store.db, id)).map(({ expires_at }) =>
			expires_at === null
				? null
				: Math.round((expires_at.getTime() - Date.now()) / 1000 / 60),
		);
		expect(lives).toEqual([null, 60, 1]);
	});
});
