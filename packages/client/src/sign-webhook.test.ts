import { signWebhook as signAsReelay } from "@reelay/shared/signing/standard-webhooks";
import { describe, expect, it } from "vitest";
import { createWebhookSecret, signWebhook, verifyWebhook } from "./index.ts";

const body =
	'{"type":"webhook.ping","timestamp":"2026-01-01T00:00:00Z","data":{}}';

describe("signWebhook", () => {
	it("signs as Reelay does", () => {
		const secret = createWebhookSecret();
		const now = new Date("2026-01-01T00:00:00.900Z");
		const timestamp = Math.floor(now.getTime() / 1000);

		const headers = signWebhook({ id: "evt_1", body, secret, now });

		expect(headers).toEqual(
			signAsReelay({ id: "evt_1", timestamp, body, secrets: [secret] }),
		);
	});

	it("signs what verifyWebhook takes, with an id of its own each time", () => {
		const secret = createWebhookSecret();

		const ids = [1, 2].map(
			() =>
				verifyWebhook({ body, headers: signWebhook({ body, secret }), secret })
					.id,
		);

		expect(new Set(ids).size).toBe(2);
	});

	it.each([
		["a public key", { secret: `whpk_${Buffer.alloc(32).toString("base64")}` }],
		["a broken secret", { secret: "whsec_!" }],
		["an id with a dot", { id: "a.b" }],
	])("refuses %s", (_name, flaw) => {
		const input = { body, secret: createWebhookSecret(), ...flaw };

		expect(() => signWebhook(input)).toThrow();
	});
});
