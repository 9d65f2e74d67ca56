import { parseKeyring } from "@reelay/shared/signing/keyring";
import { open, seal } from "@reelay/shared/signing/sealing";
import { findEndpoint, newEndpointId } from "@reelay/shared/store/endpoints";
import {
	listSealedWithOtherKeys,
	replaceSealed,
} from "@reelay/shared/store/sealed";
import { listSealedSecrets } from "@reelay/shared/store/secrets";
import { insertFirstSecret } from "@reelay/shared/store/tenants";
import { anEndpoint } from "@reelay/shared/testing/factories";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { resealAll } from "./reseal-all.ts";

const aKey = (id: string, byte: number) =>
	`${id}:${Buffer.alloc(32, byte).toString("base64")}`;
const former = parseKeyring(aKey("k1", 1));
const both = parseKeyring(`${aKey("k2", 2)},${aKey("k1", 1)}`);
const latter = parseKeyring(aKey("k2", 2));

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
	const sealed = seal("the tenant's", former, store.tenantId);
	await insertFirstSecret(store.db, store.tenantId, sealed);
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

async function aSealedEndpoint() {
	const id = await newEndpointId(store.db);
	return anEndpoint(store, {
		id,
		sealedSecret: seal("its secret", former, id),
		sealedHeaders: seal("its headers", former, id),
	});
}

it("seals every secret and all headers with the first key, after which the other may go", async () => {
	const { id, tenant_id: tenantId } = await aSealedEndpoint();

	const first = await resealAll(store.db, both);
	const second = await resealAll(store.db, both);

	const endpoint = await findEndpoint(store.db, tenantId, id);
	const [own] = await listSealedSecrets(store.db, {
		tenantId,
		endpointId: id,
	});
	const [shared] = await listSealedSecrets(store.db, {
		tenantId,
		endpointId: null,
	});
	expect(first).toEqual({ resealed: 3, unopened: [] });
	expect(second).toEqual({ resealed: 0, unopened: [] });
	expect(open(own ?? "", latter, id)).toBe("its secret");
	expect(open(endpoint?.sealed_headers ?? "", latter, id)).toBe("its headers");
	expect(open(shared ?? "", latter, tenantId)).toBe("the tenant's");
});

it("names what no key opens, leaves it as it is, and goes on with the rest", async () => {
	const lost = await aSealedEndpoint();
	await aSealedEndpoint();
	await store.db.$executeRaw`
		update endpoint set sealed_headers = replace(sealed_headers, '.k1.', '.k0.') where id = ${lost.id}`;

	const { resealed, unopened } = await resealAll(store.db, both);

	expect(resealed).toBe(3);
	expect(unopened).toEqual([{ place: "headers", id: lost.id }]);
});

it("puts nothing over what somebody changed meanwhile", async () => {
	await aSealedEndpoint();
	const query = { keyId: "k2", afterId: "", limit: 10 };
	const texts = await listSealedWithOtherKeys(store.db, query);

	for (const text of texts) {
		expect(await replaceSealed(store.db, text, "v1.k2.iv.first")).toBe(true);
		expect(await replaceSealed(store.db, text, "v1.k2.iv.second")).toBe(false);
	}

	expect(texts).toHaveLength(2);
	expect(await listSealedWithOtherKeys(store.db, query)).toEqual([]);
});
