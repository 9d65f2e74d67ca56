import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aTenant } from "../testing/factories.ts";
import { lockRow } from "../testing/row-lock.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import {
	ensureBootstrapKey,
	findApiKeyOwner,
	findKey,
	insertKey,
	listKeys,
	type NewKey,
	newKeyId,
	recordKeyUse,
	revokeKey,
	rotateKey,
	updateKey,
} from "./keys.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

async function aKey(more: Partial<NewKey> = {}) {
	const key: NewKey = {
		id: await newKeyId(store.db),
		tenantId: store.tenantId,
		name: "test",
		prefix: "rl_abcde",
		hash: randomBytes(32),
		scopes: ["jobs:read", "jobs:write"],
		expiresAt: null,
		createdBy: null,
		...more,
	};
	return { ...(await insertKey(store.db, key)), hash: key.hash };
}

async function expire(id: string): Promise<void> {
	await store.db
		.$executeRaw`update api_key set expires_at = now() where id = ${id}`;
}

describe("a key", () => {
	it("is found by its hash, with its owner and scopes", async () => {
		const tenantId = await aTenant(store);

		const key = await aKey({ tenantId });

		expect(await findApiKeyOwner(store.db, key.hash)).toEqual({
			keyId: key.id,
			tenantId,
			scopes: ["jobs:read", "jobs:write"],
			isTenantDisabled: false,
		});
		expect(await findApiKeyOwner(store.db, randomBytes(32))).toBeNull();
	});

	it("speaks for nobody once it has expired or was revoked", async () => {
		const expired = await aKey();
		const revoked = await aKey();

		await expire(expired.id);
		await revokeKey(store.db, { tenantId: store.tenantId, id: revoked.id });

		expect(await findApiKeyOwner(store.db, expired.hash)).toBeNull();
		expect(await findApiKeyOwner(store.db, revoked.hash)).toBeNull();
	});

	it("is another tenant's to nobody: not to read, to change, to rotate or to end", async () => {
		const tenantId = await aTenant(store);
		const { id } = await aKey();
		const theirs = { tenantId, id };
		const next = {
			id: await newKeyId(store.db),
			prefix: "rl_",
			hash: randomBytes(32),
		};

		const done = [
			await findKey(store.db, tenantId, id),
			await updateKey(store.db, theirs, { name: "x", expiresAt: null }),
			await rotateKey(
				store.db,
				{ ...theirs, overlapS: 0 },
				{ ...next, expiresAt: null, createdBy: null },
			),
			await revokeKey(store.db, theirs),
		];

		expect(done).toEqual([null, null, null, false]);
		const query = { tenantId, beforeId: null, limit: 10 };
		expect(await listKeys(store.db, query)).toEqual([]);
		const after = await findKey(store.db, store.tenantId, id);
		expect(after).toMatchObject({ name: "test", revoked_at: null });
	});

	it("that has ended is neither changed nor rotated", async () => {
		const { id } = await aKey();
		await expire(id);
		const own = { tenantId: store.tenantId, id };

		const changed = await updateKey(store.db, own, {
			name: "x",
			expiresAt: null,
		});
		const rotated = await rotateKey(
			store.db,
			{ ...own, overlapS: 60 },
			{
				id: await newKeyId(store.db),
				prefix: "rl_",
				hash: randomBytes(32),
				expiresAt: null,
				createdBy: null,
			},
		);

		expect([changed, rotated]).toEqual([null, null]);
	});
});

describe("rotateKey", () => {
	it("copies name and scopes, and lets the former key run out, at its own time where that comes first", async () => {
		const soon = new Date(Date.now() + 60_000);
		const long = await aKey({ name: "ci", scopes: ["webhooks"] });
		const short = await aKey({ expiresAt: soon });
		const rotate = async (id: string) =>
			rotateKey(
				store.db,
				{ tenantId: store.tenantId, id, overlapS: 3600 },
				{
					id: await newKeyId(store.db),
					prefix: "rl_12345",
					hash: randomBytes(32),
					expiresAt: null,
					createdBy: "command",
				},
			);

		const next = await rotate(long.id);
		await rotate(short.id);

		expect(next).toMatchObject({
			name: "ci",
			scopes: ["webhooks"],
			expires_at: null,
			rotated_from: long.id,
			created_by: "command",
			is_valid: true,
		});
		const rest = await findKey(store.db, store.tenantId, long.id);
		const left = (rest?.expires_at?.getTime() ?? 0) - Date.now();
		expect(left).toBeGreaterThan(3_500_000);
		expect(left).toBeLessThan(3_700_000);
		const shorter = await findKey(store.db, store.tenantId, short.id);
		expect(shorter?.expires_at).toEqual(soon);
	});
});

describe("revokeKey", () => {
	it("keeps the last valid admin of a tenant, whatever other keys and other tenants there are", async () => {
		const tenantId = await aTenant(store);
		const admin = await aKey({ tenantId, scopes: ["admin"] });
		const ended = await aKey({ tenantId, scopes: ["admin"] });
		await expire(ended.id);
		await aKey({ tenantId });
		await aKey({ scopes: ["admin"] });

		const revoked = await revokeKey(store.db, { tenantId, id: admin.id });

		expect(revoked).toBe(false);
		expect(await revokeKey(store.db, { tenantId, id: ended.id })).toBe(true);
	});

	it("leaves one of two admins who end each other's key in the same instant", async () => {
		for (let n = 0; n < 20; n += 1) {
			const tenantId = await aTenant(store);
			const one = await aKey({ tenantId, scopes: ["admin"] });
			const other = await aKey({ tenantId, scopes: ["admin"] });

			const done = await Promise.all(
				[one, other].map(({ id }) => revokeKey(store.db, { tenantId, id })),
			);

			expect(done.toSorted()).toEqual([false, true]);
		}
	});

	it("looks again behind a lock that another admin's end holds", async () => {
		const tenantId = await aTenant(store);
		const one = await aKey({ tenantId, scopes: ["admin"] });
		const other = await aKey({ tenantId, scopes: ["admin"] });
		const lock = await lockRow(store.url, { table: "api_key", id: one.id });

		const revoking = revokeKey(store.db, { tenantId, id: other.id });
		await lock.waiters(1);
		await lock.write(
			`update api_key set revoked_at = now() where id = '${one.id}'`,
		);
		await lock.release();

		expect(await revoking).toBe(false);
	});
});

describe("ensureBootstrapKey", () => {
	const scopes = ["jobs:read", "admin", "operator"];
	const settled = (hash: Buffer) => ({
		tenantId: store.tenantId,
		name: "bootstrap",
		prefix: "rl_boots",
		hash,
		scopes,
	});
	const audits = () => store.db.$queryRaw<{ target: string }[]>`
		select target from audit where action = 'key.bootstrap' order by id`;

	it("gives a key of an earlier release the scopes that came later, tells the audit log once, and touches no other", async () => {
		const bystander = await aKey();
		const former = await aKey({ scopes: ["jobs:read", "admin"] });

		await ensureBootstrapKey(store.db, settled(former.hash));
		await ensureBootstrapKey(store.db, settled(former.hash));

		const now = await findKey(store.db, store.tenantId, former.id);
		expect(now?.scopes).toEqual(scopes);
		expect(await audits()).toEqual([{ target: former.id }]);
		const other = await findKey(store.db, store.tenantId, bystander.id);
		expect(other?.scopes).toEqual(bystander.scopes);
	});

	it("revives no key that was revoked", async () => {
		const { id, hash } = await aKey();
		await revokeKey(store.db, { tenantId: store.tenantId, id });

		await ensureBootstrapKey(store.db, settled(hash));

		const key = await findKey(store.db, store.tenantId, id);
		expect(key).toMatchObject({
			is_valid: false,
			scopes: ["jobs:read", "jobs:write"],
		});
	});
});

describe("recordKeyUse", () => {
	const lastUse = async (id: string) =>
		(await findKey(store.db, store.tenantId, id))?.last_used_at ?? null;

	it("writes the instant of the use, never an earlier one, and passes by what is nearly the same", async () => {
		const { id } = await aKey();
		const use = (agoMs: number) =>
			recordKeyUse(store.db, [{ keyId: id, agoMs }]);

		await use(300_000);
		const first = await lastUse(id);
		await use(600_000);
		const earlier = await lastUse(id);
		await use(290_000);
		const nearly = await lastUse(id);
		await use(0);
		const last = await lastUse(id);

		const ago = Date.now() - (first?.getTime() ?? 0);
		expect(Math.abs(ago - 300_000)).toBeLessThan(20_000);
		expect([earlier, nearly]).toEqual([first, first]);
		expect(last?.getTime()).toBeGreaterThan(first?.getTime() ?? 0);
	});

	it("waits for nobody who holds a key's row, and writes the others", async () => {
		const held = await aKey();
		const free = await aKey();
		const lock = await lockRow(store.url, { table: "api_key", id: held.id });

		await recordKeyUse(store.db, [
			{ keyId: held.id, agoMs: 0 },
			{ keyId: free.id, agoMs: 0 },
		]);
		await lock.release();

		expect(await lastUse(held.id)).toBeNull();
		expect(await lastUse(free.id)).not.toBeNull();
	});
});
