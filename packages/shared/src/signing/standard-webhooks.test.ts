import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import {
	createWebhookSecret,
	isWebhookSecret,
	signWebhook,
} from "./standard-webhooks.ts";

const vector = {
	secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
	timestamp: 1614265330,
	body: '{"test": 2432232314}',
	signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};

describe("signWebhook", () => {
	it("agrees with the specification's vector", () => {
		const { id, timestamp, body, secret } = vector;

		const headers = signWebhook({ id, timestamp, body, secrets: [secret] });

		expect(headers).toEqual({
			"webhook-id": id,
			"webhook-timestamp": "1614265330",
			"webhook-signature": vector.signature,
		});
	});

	it("is accepted by the reference verifier under each valid secret", () => {
		const secrets = [createWebhookSecret(), createWebhookSecret()];
		const body = JSON.stringify({ type: "video.succeeded", text: "große 🎬" });
		const timestamp = Math.floor(Date.now() / 1000);

		const headers = signWebhook({ id: "evt_1", timestamp, body, secrets });

		for (const secret of secrets) {
			const verified = new Webhook(secret).verify(body, headers);
			expect(verified).toEqual(JSON.parse(body));
		}
	});

	it("is refused by the reference verifier under any other secret or body", () => {
		const timestamp = Math.floor(Date.now() / 1000);
		const secret = createWebhookSecret();
		const other = new Webhook(createWebhookSecret());

		const headers = signWebhook({
			id: "evt_1",
			timestamp,
			body: "{}",
			secrets: [secret],
		});

		expect(() => other.verify("{}", headers)).toThrow();
		expect(() => new Webhook(secret).verify("{ }", headers)).toThrow();
	});

	it("signs a buffer as the bytes it holds", () => {
		const { id, timestamp, secret } = vector;
		const body = Buffer.from(vector.body);

		const headers = signWebhook({ id, timestamp, body, secrets: [secret] });

		expect(headers["webhook-signature"]).toBe(vector.signature);
	});

	it.each([
		["no secret", { secrets: [] }],
		["a malformed secret", { secrets: [vector.secret, "whsec_???"] }],
		["a dotted id", { id: "evt.1" }],
		["an empty id", { id: "" }],
		["a fraction of a second", { timestamp: 1614265330.5 }],
		["no timestamp", { timestamp: Number.NaN }],
	])("refuses to sign with %s", (_name, flaw) => {
		const { id, timestamp, body, secret } = vector;
		const webhook = { id, timestamp, body, secrets: [secret], ...flaw };

		expect(() => signWebhook(webhook)).toThrow(RangeError);
	});
});

describe("createWebhookSecret", () => {
	it("makes a different secret of 32 bytes each time", () => {
		const secrets = [createWebhookSecret(), createWebhookSecret()];

		const bytes = secrets.map((secret) =>
			Buffer.from(secret.slice("whsec_".length), "base64"),
		);

		expect(bytes.map((key) => key.length)).toEqual([32, 32]);
		expect(secrets[0]).not.toBe(secrets[1]);
		expect(secrets.map(isWebhookSecret)).toEqual([true, true]);
	});
});

describe("isWebhookSecret", () => {
	const encoded = (bytes: number) => Buffer.alloc(bytes, 9).toString("base64");

	it.each([
		["the specification's", vector.secret, true],
		["24 bytes", `whsec_${encoded(24)}`, true],
		["64 bytes", `whsec_${encoded(64)}`, true],
		["23 bytes", `whsec_${encoded(23)}`, false],
		["65 bytes", `whsec_${encoded(65)}`, false],
		["no prefix", encoded(32), false],
		["no padding", `whsec_${encoded(32).replace(/=+$/, "")}`, false],
		["a line break behind", `${vector.secret}\n`, false],
		["the other alphabet", `whsec_${"-_-_".repeat(8)}`, false],
		["nothing", "", false],
	])("judges %s", (_name, text, expected) => {
		expect(isWebhookSecret(text)).toBe(expected);
	});
});
