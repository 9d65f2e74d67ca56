import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aTenant } from "../testing/factories.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { listSealedSecrets } from "./secrets.ts";
import {
	ensureFirstTenant,
	findApiKeyOwner,
	insertApiKey,
	insertFirstSecret,
} from "./tenants.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

const aKey = (tenantId: string, hash: Buffer = randomBytes(32)) => ({
	tenantId,
	name: "test",
	prefix: "rl_abcd",
	hash,
	scopes: ["jobs:read", "jobs:write"],
});

describe("ensureFirstTenant", () => {
	it("gives everyone who starts together the same tenant", async () => {
		const ids = await Promise.all(
			Array.from({ length: 8 }, () => ensureFirstTenant(store.db)),
		);

		expect(new Set(ids)).toEqual(new Set([store.tenantId]));
	});
});

describe("API keys", () => {
	it("are found by their hash, with their owner and scopes", async () => {
		const tenantId = await aTenant(store);
		const key = aKey(tenantId);

		const isNew = [
			await insertApiKey(store.db, key),
			await insertApiKey(store.db, key),
		];

		expect(isNew).toEqual([true, false]);
		expect(await findApiKeyOwner(store.db, key.hash)).toEqual({
			keyId: expect.stringMatching(/^key_/),
			tenantId,
			scopes: key.scopes,
		});
		expect(await findApiKeyOwner(store.db, randomBytes(32))).toBeNull();
	});

	it.each(["expires_at", "revoked_at"] as const)(
		"speak for nobody past %s",
		async (column) => {
			const key = aKey(store.tenantId);
			await insertApiKey(store.db, key);
			const isExpiry = column === "expires_at";

			await store.db.$executeRaw`
			update api_key set expires_at = case when ${isExpiry} then now() end,
				revoked_at = case when ${!isExpiry} then now() end
			where hash = ${key.hash}`;

			expect(await findApiKeyOwner(store.db, key.hash)).toBeNull();
		},
	);
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
