import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inAnHour, makeKey, reader } from "../testing/keys.ts";
import { type ApiStage, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

describe("GET /v1/me", () => {
	it("says to any key which it is, what it may do and until when, and whose it is", async () => {
		const expires_at = inAnHour();
		const { id, key } = await makeKey(stage, { ...reader, expires_at });

		const { json } = await stage.request("/v1/me", { key });

		expect(json).toMatchObject({
			key: { id, ...reader, expires_at },
			tenant: { id: stage.store.tenantId, name: "default", disabled_at: null },
		});
	});
});
