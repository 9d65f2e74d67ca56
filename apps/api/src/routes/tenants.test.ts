import { parseKeyring } from "@reelay/shared/signing/keyring";
import { open } from "@reelay/shared/signing/sealing";
import { listSealedSecrets } from "@reelay/shared/store/secrets";
import { aJob, aTenant } from "@reelay/shared/testing/factories";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allScopes } from "../middleware/authenticate.ts";
import { type ApiStage, prompt, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const keyring = parseKeyring(`k1:${Buffer.alloc(32, 1).toString("base64")}`);
let made = 0;
async function make(body: Record<string, unknown> = {}) {
	made += 1;
	const answer = await stage.request("/v1/tenants", {
		body: { name: `tenant-${made}`, ...body },
	});
	if (answer.status !== 201) throw new Error(answer.text);
	return answer.json;
}
const patch = (id: string, body: object) =>
	stage.request(`/v1/tenants/${id}`, { method: "PATCH", body });

describe("POST /v1/tenants", () => {
	it("makes a tenant with a secret that signs its own jobs' webhooks, and tells its audit log", async () => {
		const { id, webhook_secret, ...view } = await make({ weight: 3 });

		expect(view).toMatchObject({
			weight: 3,
			max_in_flight: null,
			disabled_at: null,
		});
		const [sealed = ""] = await listSealedSecrets(stage.db, {
			tenantId: id,
			endpointId: null,
		});
		expect(open(sealed, keyring, id)).toBe(webhook_secret);
		const lines = await stage.db.$queryRaw<{ action: string; data: unknown }[]>`
			select action, data from audit where tenant_id = ${id}`;
		expect(lines).toEqual([
			{
				action: "tenant.create",
				data: { name: view.name, weight: 3, max_in_flight: null },
			},
		]);
	});

	it("makes one of ten that ask for one name at once, and nothing of the others", async () => {
		const body = { name: "wanted" };

		const answers = await Promise.all(
			Array.from({ length: 10 }, () => stage.request("/v1/tenants", { body })),
		);

		const codes = answers.map(({ json }) => json.code ?? "made").toSorted();
		expect(codes).toEqual(["made", ...Array(9).fill("tenant_name_taken")]);
	});
});

describe("GET /v1/tenants", () => {
	it("pages through all tenants, newest first, and says nothing of their jobs", async () => {
		const [one, other] = [await make(), await make()];
		await aJob(stage.store, { tenantId: one.id });

		const first = await stage.request("/v1/tenants?limit=1");
		const second = await stage.request(
			`/v1/tenants?limit=1&cursor=${first.json.next_cursor}`,
		);

		const ids = [first, second].map(({ json }) => json.data[0].id);
		expect(ids).toEqual([other.id, one.id]);
		const { webhook_secret: _shown, ...view } = one;
		expect(second.json.data[0]).toEqual(view);
	});

	it("opens nothing of another tenant to an operator", async () => {
		const { id } = await make();
		const job = await aJob(stage.store, { tenantId: id });

		const answer = await stage.request(`/v1/jobs/${job.id}`);

		expect(answer.status).toBe(404);
	});

	it("is for operators alone", async () => {
		const key = await stage.aKey(
			stage.store.tenantId,
			allScopes.filter((scope) => scope !== "operator"),
		);

		const { json } = await stage.request("/v1/tenants", { key });

		expect(json.detail).toContain("operator");
	});
});

describe("PATCH /v1/tenants/{id}", () => {
	it("changes what is named and leaves the rest, and tells the tenant's audit log who did", async () => {
		const { id, webhook_secret: _shown, ...before } = await make();

		const changed = await patch(id, { name: `other-${id}`, max_in_flight: 7 });
		const nothing = await patch(id, {});
		const unlimited = await patch(id, { max_in_flight: null, weight: 2 });

		expect(changed.json).toEqual({
			id,
			...before,
			name: `other-${id}`,
			max_in_flight: 7,
		});
		expect(nothing.json).toEqual(changed.json);
		expect(unlimited.json).toMatchObject({ max_in_flight: null, weight: 2 });
		const { json } = await stage.request("/v1/me");
		const actors = await stage.db.$queryRaw`
			select distinct actor from audit where target = ${id}`;
		expect(actors).toEqual([{ actor: json.key.id }]);
	});

	it("gives no tenant another one's name, also when both ask at once, and leaves the first one its own", async () => {
		const [one, other] = [await make(), await make()];

		const taken = await patch(one.id, { name: other.name });
		const race = await Promise.all(
			[one, other].map(({ id }) => patch(id, { name: "raced for" })),
		);
		const first = await patch(stage.store.tenantId, { name: "mine" });

		expect(taken.json.code).toBe("tenant_name_taken");
		expect(race.map(({ status }) => status).toSorted()).toEqual([200, 409]);
		expect(first.json.errors[0].pointer).toBe("/name");
	});
});

describe("a disabled tenant", () => {
	const write = (key: string) =>
		stage.request("/v1/jobs", { key, body: { input: { prompt } } });

	it("reads and writes nothing, and writes again once it is enabled", async () => {
		const { id } = await make();
		const path = `/v1/tenants/${id}/keys`;
		const newKey = async () =>
			(
				await stage.request(path, {
					body: { name: "first", scopes: ["jobs:write", "jobs:read"] },
				})
			).json.key as string;
		await patch(id, { disabled: true });

		const key = await newKey();
		const refused = await write(key);
		const read = await stage.request("/v1/jobs", { key });
		const me = await stage.request("/v1/me", { key });
		await patch(id, { disabled: false });
		const accepted = await write(await newKey());

		expect(refused.json.code).toBe("tenant_disabled");
		expect([read.status, accepted.status]).toEqual([200, 202]);
		expect(me.json.tenant.disabled_at).not.toBeNull();
	});

	it("was disabled when it was first said", async () => {
		const { id } = await make();

		const first = await patch(id, { disabled: true });
		const again = await patch(id, { disabled: true });

		expect(again.json.disabled_at).toBe(first.json.disabled_at);
	});

	it("can be enabled again by its own operator, who can do nothing else", async () => {
		const tenantId = await aTenant(stage.store);
		await stage.db
			.$executeRaw`update tenant set disabled_at = now() where id = ${tenantId}`;
		const key = await stage.aKey(tenantId);

		const refused = await stage.request("/v1/keys", {
			key,
			body: { name: "x", scopes: ["jobs:read"] },
		});
		const enabled = await stage.request(`/v1/tenants/${tenantId}`, {
			key,
			method: "PATCH",
			body: { disabled: false },
		});

		expect(refused.json.code).toBe("tenant_disabled");
		expect(enabled.json.disabled_at).toBeNull();
	});
});

describe("POST /v1/tenants/{id}/keys", () => {
	it("gives a tenant its first key, of which its own audit log tells, and no scope that the operator lacks", async () => {
		const { id } = await make();
		const path = `/v1/tenants/${id}/keys`;
		const body = { name: "first", scopes: ["admin"] };
		const weak = await stage.aKey(stage.store.tenantId, ["operator"]);

		const { json } = await stage.request(path, { body });
		const refused = await stage.request(path, { key: weak, body });

		expect(refused.status).toBe(403);
		const me = await stage.request("/v1/me", { key: json.key });
		expect(me.json).toMatchObject({ tenant: { id }, key: { id: json.id } });
		const log = await stage.request("/v1/audit?action=key.create", {
			key: json.key,
		});
		expect(log.json.data).toHaveLength(1);
		expect(log.json.data[0].target).toBe(json.id);
	});
});
