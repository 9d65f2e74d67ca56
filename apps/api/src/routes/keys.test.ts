import { hashApiKey } from "@reelay/shared/signing/api-key";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anAdmin, inAnHour, makeKey, reader } from "../testing/keys.ts";
import { type ApiStage, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const audited = (target: string) =>
	stage.db.$queryRaw<
		{ actor: string; action: string; data: unknown }[]
	>`select actor, action, data from audit where target = ${target} order by id`;

describe("POST /v1/keys", () => {
	it("shows a key once, which then opens what its scopes say and nothing else, and stores only its hash", async () => {
		const { key, ...view } = await makeKey(stage, {
			...reader,
			expires_at: inAnHour(),
		});

		const reads = await stage.request("/v1/jobs", { key });
		const writes = await stage.request("/v1/jobs", { key, body: {} });
		const again = await stage.request(`/v1/keys/${view.id}`);

		expect(key).toMatch(/^rl_[0-9A-Za-z]{43}$/);
		expect([reads.status, writes.status]).toEqual([200, 403]);
		expect(again.json).toEqual(view);
		expect(view.prefix).toBe(key.slice(0, 8));
		const [row] = await stage.db.$queryRaw<{ text: string; hash: Buffer }[]>`
			select row_to_json(api_key)::text as text, hash from api_key where id = ${view.id}`;
		expect(row?.text).not.toContain(key);
		expect(Buffer.from(row?.hash ?? []).equals(hashApiKey(key))).toBe(true);
	});

	it("lets no intermediary keep the answer, and tells the audit log everything but the key", async () => {
		const answer = await stage.request("/v1/keys", { body: reader });

		expect(answer.headers.get("cache-control")).toBe("no-store");
		const [line] = await audited(answer.json.id);
		expect(line).toMatchObject({ action: "key.create", data: reader });
		expect(line?.actor).toBe(answer.json.created_by);
		expect(stage.log.text()).not.toContain(answer.json.key);
	});

	it("gives no scope that the asking key lacks, and writes nothing", async () => {
		const { key, tenantId } = await anAdmin(stage, ["admin", "jobs:read"]);
		const body = {
			name: "more",
			scopes: ["jobs:read", "operator", "webhooks"],
		};

		const answer = await stage.request("/v1/keys", { key, body });

		expect(answer.status).toBe(403);
		expect(answer.json.detail).toContain("webhooks, operator");
		const [count] = await stage.db.$queryRaw<{ keys: number; lines: number }[]>`
			select (select count(*)::int from api_key where tenant_id = ${tenantId}) as keys,
				(select count(*)::int from audit where tenant_id = ${tenantId}) as lines`;
		expect(count).toEqual({ keys: 1, lines: 0 });
	});

	it.each([
		["without a scope", { name: "x", scopes: [] }],
		["with a scope that there is not", { name: "x", scopes: ["root"] }],
		["without a name", { name: "", scopes: ["jobs:read"] }],
		[
			"that has expired already",
			{ ...reader, expires_at: "2020-01-01T00:00:00Z" },
		],
		[
			"that ends after the last year there is",
			{ ...reader, expires_at: "9999-12-31T23:59:59-12:00" },
		],
	])("refuses a key %s", async (_name, body) => {
		const { status } = await stage.request("/v1/keys", { body });

		expect(status).toBe(422);
	});
});

describe("GET /v1/keys", () => {
	it("pages through the keys of one's own tenant, newest first, with those that have ended", async () => {
		const { key, id } = await anAdmin(stage);
		const made = [];
		for (let n = 0; n < 3; n += 1) made.push(await makeKey(stage, reader, key));
		await stage.request(`/v1/keys/${made[0].id}`, { key, method: "DELETE" });

		const first = await stage.request("/v1/keys?limit=2", { key });
		const second = await stage.request(
			`/v1/keys?limit=2&cursor=${first.json.next_cursor}`,
			{ key },
		);

		const seen = [...first.json.data, ...second.json.data];
		expect(seen.map((one) => one.id)).toEqual([
			made[2].id,
			made[1].id,
			made[0].id,
			id,
		]);
		expect(seen.map((one) => one.state)).toEqual([
			...["valid", "valid", "revoked", "valid"],
		]);
		expect(second.json).toMatchObject({ has_more: false, next_cursor: null });
		expect(first.text + second.text).not.toMatch(/rl_[0-9A-Za-z]{43}/);
	});

	it("shows nobody another tenant's key", async () => {
		const { id } = await makeKey(stage);
		const { key } = await anAdmin(stage);

		const read = await stage.request(`/v1/keys/${id}`, { key });
		const ended = await stage.request(`/v1/keys/${id}`, {
			key,
			method: "DELETE",
		});

		expect([read.status, ended.status]).toEqual([404, 404]);
	});
});

describe("PATCH /v1/keys/{id}", () => {
	it("changes the name, the end, or neither, and leaves the rest", async () => {
		const { id, key: _shown, ...made } = await makeKey(stage);
		const path = `/v1/keys/${id}`;
		const patch = async (body: object) =>
			(await stage.request(path, { method: "PATCH", body })).json;
		const end = inAnHour();

		const named = await patch({ name: "till" });
		const ending = await patch({ expires_at: end });
		const nothing = await patch({});
		const endless = await patch({ expires_at: null });

		expect(named).toEqual({ id, ...made, name: "till" });
		expect(ending).toEqual({ ...named, expires_at: end });
		expect(nothing).toEqual(ending);
		expect(endless).toEqual(named);
		const lines = await audited(id);
		expect(lines.map(({ action }) => action).slice(1)).toEqual(
			Array(4).fill("key.update"),
		);
	});

	it("revives no key that has ended", async () => {
		const { id } = await makeKey(stage);
		await stage.request(`/v1/keys/${id}`, { method: "DELETE" });

		const { json } = await stage.request(`/v1/keys/${id}`, {
			method: "PATCH",
			body: { expires_at: null },
		});

		expect(json.code).toBe("key_ended");
	});
});

describe("DELETE /v1/keys/{id}", () => {
	it("ends a key, may be said twice, and is written down once", async () => {
		const { id, key } = await makeKey(stage);
		const end = () => stage.request(`/v1/keys/${id}`, { method: "DELETE" });

		const statuses = [(await end()).status, (await end()).status];

		expect(statuses).toEqual([204, 204]);
		expect((await stage.request("/v1/jobs", { key })).status).toBe(401);
		const lines = await audited(id);
		expect(lines.map(({ action }) => action)).toEqual([
			"key.create",
			"key.revoke",
		]);
	});

	it("keeps the last admin of a tenant until there is another", async () => {
		const { key, id } = await anAdmin(stage);
		const end = () =>
			stage.request(`/v1/keys/${id}`, { key, method: "DELETE" });

		const before = await end();
		await makeKey(stage, { name: "next", scopes: ["admin"] }, key);
		const after = await end();

		expect([before.json?.code, after.status]).toEqual(["last_admin_key", 204]);
	});

	it("leaves an operator's key to operators, whatever is asked of it", async () => {
		const operator = await anAdmin(stage);
		const admin = await stage.aKey(operator.tenantId, ["admin"]);
		const path = `/v1/keys/${operator.id}`;
		const ask = (way: string, method: string, body?: object) =>
			stage.request(path + way, { key: admin, method, ...(body && { body }) });

		const answers = [
			await ask("", "DELETE"),
			await ask("", "PATCH", { name: "x" }),
			await ask("/rotate", "POST"),
		];

		expect(answers.map(({ json }) => json.code)).toEqual(
			Array(3).fill("forbidden"),
		);
	});
});

describe("POST /v1/keys/{id}/rotate", () => {
	it("gives a key like the former one, which goes on for the overlap", async () => {
		const former = await makeKey(stage);
		const path = `/v1/keys/${former.id}`;

		const next = await stage.request(`${path}/rotate`, { method: "POST" });

		expect(next.status).toBe(201);
		expect(next.json).toMatchObject({
			...reader,
			rotated_from: former.id,
			expires_at: null,
		});
		for (const key of [former.key, next.json.key]) {
			expect((await stage.request("/v1/jobs", { key })).status).toBe(200);
		}
		const { json } = await stage.request(path);
		const left = Date.parse(json.expires_at) - Date.now();
		expect(Math.round(left / 3_600_000)).toBe(24);
		const lines = await audited(former.id);
		expect(lines.at(-1)).toMatchObject({
			action: "key.rotate",
			data: { overlap_s: 86_400, new_key: next.json.id },
		});
	});

	it("ends the former one at once without an overlap, also the last admin's", async () => {
		const { key, id } = await anAdmin(stage, ["admin"]);
		const path = `/v1/keys/${id}/rotate`;

		const { json } = await stage.request(path, { key, body: { overlap_s: 0 } });

		const query = await stage.request(`/v1/keys/${id}`, { key: json.key });
		expect(query.json.state).toBe("expired");
	});

	it("shows nobody a key with scopes that they lack", async () => {
		const { key, tenantId } = await anAdmin(stage, ["admin"]);
		const writer = await stage.aKey(tenantId, ["jobs:write"]);
		const { json } = await stage.request("/v1/me", { key: writer });

		const answer = await stage.request(`/v1/keys/${json.key.id}/rotate`, {
			key,
			method: "POST",
		});

		expect(answer.status).toBe(403);
	});
});
