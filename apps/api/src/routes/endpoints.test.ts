import { maxEndpoints } from "@reelay/shared/domain/endpoint";
import { anEndpoint } from "@reelay/shared/testing/factories";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";

let api: ApiStage;
beforeAll(async () => {
	api = await setStage();
});
beforeEach(() => clearTestStore(api.store));
afterAll(() => api.close());

const url = "https://example.com/hooks";
const create = (body: Record<string, unknown> = {}) =>
	api.request("/v1/endpoints", { method: "POST", body: { url, ...body } });
const patch = (id: string, body: unknown, key?: string) =>
	api.request(`/v1/endpoints/${id}`, {
		method: "PATCH",
		body,
		...(key === undefined ? {} : { key }),
	});
const remove = (path: string) => api.request(path, { method: "DELETE" });

describe("POST /v1/endpoints", () => {
	it("makes one with a secret that is shown this once, and is stored sealed", async () => {
		const created = await create({ headers: { "X-Key": "s3cret-value" } });
		const { id, secret } = created.json;
		const read = await api.request(`/v1/endpoints/${id}`);
		const dump = await api.db.$queryRaw<{ row: string }[]>`
			select to_jsonb(s)::text || to_jsonb(e)::text as row from webhook_secret s join endpoint e on e.id = s.endpoint_id`;

		expect(created.status).toBe(201);
		expect(created.headers.get("location")).toBe(`/v1/endpoints/${id}`);
		expect(secret).toMatch(/^whsec_.{44}$/);
		expect(read.json).toEqual({ ...created.json, secret: undefined });
		expect(read.json).toMatchObject({
			url,
			events: [
				"video.succeeded",
				"video.failed",
				"video.cancelled",
				"video.expired",
				"batch.finished",
			],
			headers: { "X-Key": "***" },
			concurrency: 3,
			ordered: false,
			rate_per_s: null,
			disabled: null,
			health: { state: "healthy" },
		});
		expect(read.json.schedule_s).toHaveLength(12);
		expect(dump[0]?.row).not.toContain(secret.slice(6));
		expect(dump[0]?.row).not.toContain("s3cret-value");
		expect(api.log.text()).not.toContain(secret.slice(6));
	});

	it("names every mistake at once, each with its place", async () => {
		const answer = await create({
			url: "http://10.0.0.1/hooks",
			events: ["video.suceeded", "video.*"],
			headers: { Host: "a", "X-Ok": "b", "Webhook-Id": "c", "X-Bad": "d\r\ne" },
			ordered: true,
			concurrency: 4,
			secret: "hunter2",
		});

		expect(answer.status).toBe(422);
		const found = Object.fromEntries(
			answer.json.errors.map(
				(error: { pointer: string; suggestion?: string }) => [
					error.pointer,
					error.suggestion ?? null,
				],
			),
		);
		expect(found).toEqual({
			"/url": null,
			"/events/0": "video.succeeded",
			"/headers/Host": null,
			"/headers/Webhook-Id": null,
			"/headers/X-Bad": null,
			"/concurrency": null,
			"/secret": null,
		});
	});

	it.each([
		{},
		{ url: 7 },
		{ url, events: [] },
		{ url, schedule_s: [] },
		{ url, schedule_s: [-1] },
		{ url, rate_per_s: 0 },
		{ url, concurrency: 0 },
		{ url, color: "red" },
		[],
		null,
	])("refuses %j", async (body) => {
		const answer = await api.request("/v1/endpoints", { method: "POST", body });

		expect(answer.status).toBe(422);
		expect(answer.json.code).toBe("invalid_request");
	});

	it("refuses one more than a tenant may have", async () => {
		for (let n = 0; n < maxEndpoints; n += 1) await anEndpoint(api.store);

		expect((await create()).json.code).toBe("too_many_endpoints");
	});

	it("needs a key with the scope for it", async () => {
		const key = await api.aKey(api.store.tenantId, ["jobs:write", "jobs:read"]);

		const answer = await api.request("/v1/endpoints", { key });

		expect(answer.status).toBe(403);
	});
});

describe("PATCH and DELETE", () => {
	it("change what is named, disable and enable, and end it", async () => {
		const { id } = (await create()).json;

		const changed = await patch(id, { ordered: true, rate_per_s: 2.5 });
		const disabled = await patch(id, { disabled: true });
		const enabled = await patch(id, { disabled: false });
		const deleted = await remove(`/v1/endpoints/${id}`);
		const gone = await api.request(`/v1/endpoints/${id}`);

		expect(changed.json).toMatchObject({
			ordered: true,
			concurrency: 1,
			rate_per_s: 2.5,
		});
		expect(disabled.json.disabled).toMatchObject({
			code: "by_request",
			reason: expect.any(String),
			fix: expect.any(String),
		});
		expect(enabled.json.disabled).toBeNull();
		expect([deleted.status, gone.status]).toEqual([204, 404]);
		expect((await api.request("/v1/endpoints")).json.data).toEqual([]);
	});

	it("take a private URL no more than the creation does", async () => {
		const { id } = (await create()).json;

		const answer = await patch(id, { url: "https://169.254.169.254/" });

		expect(answer.status).toBe(422);
		expect(answer.json.errors[0].pointer).toBe("/url");
	});

	it("leave another tenant's endpoint alone, as if there were none", async () => {
		const { id } = (await create()).json;
		const key = await api.aStrangersKey();
		const paths = ["", "/secrets", "/deliveries"];

		const answers = [
			await patch(id, { disabled: true }, key),
			await api.request(`/v1/endpoints/${id}`, { method: "DELETE", key }),
			...(await Promise.all(
				paths.map((path) => api.request(`/v1/endpoints/${id}${path}`, { key })),
			)),
		];

		expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
		expect((await api.request(`/v1/endpoints/${id}`)).json.disabled).toBeNull();
	});

	it.each(["ep_x", "evt_01m8230d89acf2kkt410x3bw6a", "%00"])(
		"answer 404 for %s",
		async (id) => {
			expect((await patch(id, {})).status).toBe(404);
		},
	);
});

describe("secrets", () => {
	const path = (id: string) => `/v1/endpoints/${id}/secrets`;
	const add = (id: string, body: unknown = {}) =>
		api.request(path(id), { method: "POST", body });

	it("are added beside those that sign, shown once, and end by themselves or at once", async () => {
		const { id } = (await create()).json;

		const added = await add(id, { overlap_s: 600 });
		const listed = await api.request(path(id));
		const former = listed.json.data.at(-1);
		const ended = await remove(`${path(id)}/${former.id}`);
		const last = await remove(`${path(id)}/${added.json.id}`);

		expect(added.status).toBe(201);
		expect(added.json).toMatchObject({
			kind: "hmac",
			secret: expect.stringMatching(/^whsec_/),
			expires_at: null,
		});
		expect(listed.json.data).toHaveLength(2);
		expect(JSON.stringify(listed.json)).not.toContain("whsec_");
		expect(former.expires_at).not.toBeNull();
		expect(ended.status).toBe(204);
		expect(last.json.code).toBe("last_secret");
		expect((await remove(`${path(id)}/sec_x`)).status).toBe(404);
	});

	it("may be a key pair, of which only the public half is ever shown", async () => {
		const { id } = (await create()).json;

		const added = await add(id, { kind: "ed25519" });
		const listed = await api.request(path(id));

		expect(added.json).toMatchObject({
			kind: "ed25519",
			public_key: expect.stringMatching(/^whpk_/),
			secret: null,
		});
		expect(listed.json.data[0].public_key).toBe(added.json.public_key);
		expect(added.text + listed.text).not.toContain("whsk_");
	});

	it("are three at most, unless the new one ends the others", async () => {
		const { id } = (await create()).json;
		await add(id);
		await add(id);

		const refused = await add(id);
		const replacing = await add(id, { overlap_s: 0 });

		expect(refused.json.code).toBe("too_many_secrets");
		expect(replacing.status).toBe(201);
		expect((await api.request(path(id))).json.data).toHaveLength(1);
	});

	it.each([
		{ secret: "whsec_short" },
		{ overlap_s: 604_801 },
		{ kind: "ed25519", secret: `whsec_${Buffer.alloc(32).toString("base64")}` },
		{ kind: "rsa" },
	])("refuse %j", async (body) => {
		const { id } = (await create()).json;

		expect((await add(id, body)).status).toBe(422);
	});
});
