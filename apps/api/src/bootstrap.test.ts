import { parseKeyring } from "@reelay/shared/signing/keyring";
import { open } from "@reelay/shared/signing/sealing";
import { listSealedSecrets } from "@reelay/shared/store/secrets";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { bootstrap } from "./bootstrap.ts";

const keyring = parseKeyring(`k1:${Buffer.alloc(32, 1).toString("base64")}`);
const apiKey = "rl_an_operators_own_key_of_any_form";
const webhookSecret = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;

let store: TestStore;
const opened: TestStore[] = [];
beforeEach(async () => {
	store = await openTestStore({ poolSize: 4 });
	opened.push(store);
});
afterAll(() => Promise.all(opened.map((one) => one.close())));

const secretsOf = async () => {
	const sealed = await listSealedSecrets(store.db, {
		tenantId: store.tenantId,
		endpointId: null,
	});
	return sealed.map((secret) => open(secret, keyring, store.tenantId));
};
const count = async () => {
	const [row] = await store.db.$queryRaw<{ counts: number[] }[]>`
		select array[(select count(*) from tenant), (select count(*) from api_key),
			(select count(*) from webhook_secret)]::int[] as counts`;
	return row?.counts;
};

describe("bootstrap", () => {
	it("makes the first tenant, the key with every scope and the secret that was given, and stores none of them readable", async () => {
		const { madeSecret } = await bootstrap({
			db: store.db,
			keyring,
			apiKey,
			webhookSecret,
		});

		expect(madeSecret).toBeNull();
		expect(await secretsOf()).toEqual([webhookSecret]);
		const rows = await store.db.$queryRaw<{ text: string }[]>`
			select row_to_json(api_key)::text as text from api_key
			union all select row_to_json(webhook_secret)::text from webhook_secret`;
		const text = rows.map((row) => row.text).join();
		expect(text).toContain(
			'["jobs:write","jobs:read","webhooks","admin","operator"]',
		);
		expect(text).not.toContain(apiKey);
		expect(text).not.toContain(webhookSecret.slice(6));
	});

	it("makes a secret when none is given, and shows it once", async () => {
		const settings = { db: store.db, keyring, apiKey, webhookSecret: null };

		const first = await bootstrap(settings);
		const second = await bootstrap(settings);

		expect(first.madeSecret).toMatch(/^whsec_/);
		expect(second.madeSecret).toBeNull();
		expect(await secretsOf()).toEqual([first.madeSecret]);
	});

	it("leaves one of each when ten processes start at once", async () => {
		const settings = { db: store.db, keyring, apiKey, webhookSecret: null };

		const made = await Promise.all(
			Array.from({ length: 10 }, () => bootstrap(settings)),
		);

		expect(await count()).toEqual([1, 1, 1]);
		const shown = made.filter(({ madeSecret }) => madeSecret !== null);
		expect(shown).toHaveLength(1);
		expect(await secretsOf()).toEqual([shown[0]?.madeSecret]);
	});

	it("keeps the secret that is there when another one is given", async () => {
		await bootstrap({ db: store.db, keyring, apiKey, webhookSecret });
		const another = webhookSecret.replace("AgIC", "AgID");

		await bootstrap({ db: store.db, keyring, apiKey, webhookSecret: another });

		expect(await secretsOf()).toEqual([webhookSecret]);
	});
});
