import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aTenant } from "../testing/factories.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { listSealedSecrets } from "./secrets.ts";
import { ensureFirstTenant, insertFirstSecret } from "./tenants.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

describe("ensureFirstTenant", () => {
	it("gives everyone who starts together the same tenant", async () => {
		const ids = await Promise.all(
			Array.from({ length: 8 }, () => ensureFirstTenant(store.db)),
		);

		expect(new Set(ids)).toEqual(new Set([store.tenantId]));
	});
});

describe("webhook secrets", () => {
	it("get one first secret for a tenant, however many start together", async () => {
		const tenantId = await aTenant(store);

		const made = await Promise.all(
			Array.from({ length: 8 }, (_, n) =>
				insertFirstSecret(store.db, tenantId, `sealed-${n}`),
			),
		);
		const again = await insertFirstSecret(store.db, tenantId, "another");

		expect(made.filter(Boolean)).toHaveLength(1);
		expect(again).toBe(false);
		expect(
			await listSealedSecrets(store.db, { tenantId, endpointId: null }),
		).toHaveLength(1);
	});

	it("are listed newest first, and only while they are valid", async () => {
		const tenantId = await aTenant(store);
		await store.db.$executeRaw`
			insert into webhook_secret (id, tenant_id, sealed, expires_at) values
				('sec_1', ${tenantId}, 'oldest', null), ('sec_2', ${tenantId}, 'expired', now()),
				('sec_3', ${tenantId}, 'newest', now() + interval '1 hour')`;

		const secrets = await listSealedSecrets(store.db, {
			tenantId,
			endpointId: null,
		});

		expect(secrets).toEqual(["newest", "oldest"]);
		expect(
			await listSealedSecrets(store.db, {
				tenantId: store.tenantId,
				endpointId: null,
			}),
		).toEqual([]);
	});
});
