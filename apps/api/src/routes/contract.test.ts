import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const read = (headers: Record<string, string> = {}) =>
	stage.request("/openapi.json", { key: null, headers });

describe("GET /openapi.json", () => {
	it("needs no key, and is OpenAPI 3.1 of the version of this package", async () => {
		const { status, headers, json } = await read();

		expect(status).toBe(200);
		expect(headers.get("content-type")).toMatch(/^application\/json/);
		expect(json.openapi).toMatch(/^3\.1\.\d$/);
		expect(json.info.version).toMatch(/^\d+\.\d+\.\d+$/);
	});

	it("has a strong ETag, by which a reader hears of changes alone", async () => {
		const first = await read();
		const etag = String(first.headers.get("etag"));

		const same = await read({ "if-none-match": `"other", ${etag}` });
		const other = await read({ "if-none-match": '"other"' });

		expect(etag).toMatch(/^"[\w-]{43}"$/);
		expect([same.status, same.text]).toEqual([304, ""]);
		expect(same.headers.get("etag")).toBe(etag);
		expect([other.status, other.text]).toEqual([200, first.text]);
	});
});

describe("GET /v1/event-types", () => {
	it("gives the catalogue to any key, and to nobody without one", async () => {
		const key = await stage.aKey(stage.store.tenantId, []);

		const given = await stage.request("/v1/event-types", { key });
		const refused = await stage.request("/v1/event-types", { key: null });

		expect(given.status).toBe(200);
		expect(given.json.data).toContainEqual(
			expect.objectContaining({ type: "video.succeeded", version: 1 }),
		);
		expect(refused.status).toBe(401);
	});
});
