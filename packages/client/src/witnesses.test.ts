import { createSigningKeyPair } from "@reelay/shared/signing/ed25519";
import {
	createWebhookSecret,
	signWebhook,
} from "@reelay/shared/signing/standard-webhooks";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	type ArrivedWebhook,
	hasPython,
	type PythonVerifier,
	startPythonVerifier,
} from "./testing/python-verifier.ts";
import { refusalOf } from "./testing/signed-webhook.ts";
import { verifyWebhook } from "./verify-webhook.ts";

// What Reelay signs is judged by three that share no code: this client, the reference library and Python.

const vector = {
	secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	body: Buffer.from('{"test": 2432232314}'),
	headers: {
		"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
		"webhook-timestamp": "1614265330",
		"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	},
};

/** Whether the client finds the signature good; a body that is no event is refused after that. */
function clientAccepts(webhook: ArrivedWebhook): boolean {
	const now = Number(webhook.headers["webhook-timestamp"]) * 1000;
	const { code } = refusalOf(verifyWebhook, { ...webhook, now }) ?? {};
	if (code === "no_match") return false;
	expect([undefined, "body_not_json", "not_an_event"]).toContain(code);
	return true;
}

// The reference library judges text, so it is asked about bodies that are text only, and by the clock.
function referenceAccepts({ secret, body, headers }: ArrivedWebhook): boolean {
	try {
		const options = { jsonParse: false };
		new Webhook(secret).verify(body.toString("utf8"), headers, options);
		return true;
	} catch (error) {
		expect(String(error)).toContain("No matching signature found");
		return false;
	}
}

function arrive(body: Buffer, secrets: string[]): ArrivedWebhook {
	const timestamp = Math.floor(Date.now() / 1000);
	const headers = signWebhook({ id: "evt_1", timestamp, body, secrets });
	return { secret: secrets[0] ?? "", body, headers };
}

function changeByte(body: Buffer, at: number, mask: number): Buffer {
	const changed = Buffer.from(body);
	changed[at] = (changed[at] ?? 0) ^ mask;
	return changed;
}

const secretLists = fc.array(
	fc
		.uint8Array({ minLength: 24, maxLength: 64 })
		.map((bytes) => `whsec_${Buffer.from(bytes).toString("base64")}`),
	{ minLength: 1, maxLength: 3 },
);

// Every text that UTF-8 can say: all planes, control characters and NUL, but no lone surrogates. Those cannot be sent:
// in JSON, `JSON.stringify` writes them as \ud800, which is plain ASCII, and the values of `jsonBodies` have them.
const texts = fc.string({ unit: "binary", maxLength: 300 });
const jsonBodies = fc
	.record({
		type: fc.string(),
		timestamp: fc.string(),
		data: fc.dictionary(
			fc.string(),
			fc.oneof(fc.jsonValue(), fc.constantFrom("\ud800", "\udc00x", "🎬")),
		),
	})
	.map((event) => JSON.stringify(event));
const textBodies = fc
	.oneof(texts, jsonBodies, fc.constant(""))
	.map((text) => Buffer.from(text, "utf8"));
const binaryBodies = fc
	.uint8Array({ maxLength: 300 })
	.map((bytes) => Buffer.from(bytes));
const positions = fc.record({
	place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
	mask: fc.integer({ min: 1, max: 255 }),
});

const largeBodies = [
	["ASCII", "x".repeat(256 * 1024)],
	["four bytes a character", "🎬".repeat(64 * 1024)],
	["control characters", "\u0000\u001f\u007f\u2028".repeat(43_000)],
] as const;

const isPythonThere = hasPython();

describe("signWebhook, the client and the reference library", () => {
	const check = (webhook: ArrivedWebhook) => [
		clientAccepts(webhook),
		referenceAccepts(webhook),
	];

	it("agree with the specification's vector", () => {
		const { secret, body, headers } = vector;
		const id = headers["webhook-id"];
		const timestamp = Number(headers["webhook-timestamp"]);
		const at = new Date(timestamp * 1000);

		const ours = signWebhook({ id, timestamp, body, secrets: [secret] });
		const theirs = new Webhook(secret).sign(id, at, body.toString());

		expect(ours).toEqual(headers);
		expect(theirs).toBe(headers["webhook-signature"]);
		expect(clientAccepts(vector)).toBe(true);
	});

	it("agree on every text, under each of the secrets", () => {
		fc.assert(
			fc.property(textBodies, secretLists, (body, secrets) => {
				const webhook = arrive(body, secrets);

				for (const secret of secrets) {
					expect(check({ ...webhook, secret })).toEqual([true, true]);
				}
			}),
		);
	});

	it("refuse any other secret", () => {
		fc.assert(
			fc.property(textBodies, secretLists, (body, secrets) => {
				const webhook = arrive(body, secrets);

				const secret = createWebhookSecret();

				expect(check({ ...webhook, secret })).toEqual([false, false]);
			}),
		);
	});

	it("refuse any changed byte", () => {
		const bodies = textBodies.filter(({ length }) => length > 0);
		fc.assert(
			fc.property(bodies, secretLists, positions, (text, secrets, change) => {
				const webhook = arrive(text, secrets);

				const at = Math.floor(change.place * text.length);
				const body = changeByte(text, at, change.mask);

				expect(clientAccepts({ ...webhook, body })).toBe(false);
				// Below is why the reference library is asked only where the texts differ.
				if (body.toString() !== text.toString()) {
					expect(referenceAccepts({ ...webhook, body })).toBe(false);
				}
			}),
		);
	});

	it.each(largeBodies)("agree on 256 kB of %s", (_name, text) => {
		const body = Buffer.from(text);
		const webhook = arrive(body, [createWebhookSecret()]);

		const changed = changeByte(body, body.length - 1, 1);

		expect(check(webhook)).toEqual([true, true]);
		expect(check({ ...webhook, body: changed })).toEqual([false, false]);
	});

	it("differ on bytes that are no UTF-8, which the client alone tells apart", () => {
		const body = Buffer.from([0xef, 0xbf, 0xbd]); // U+FFFD, which also stands for what cannot be decoded
		const webhook = arrive(body, [createWebhookSecret()]);

		const changed = changeByte(body, 0, 0xef ^ 0xf0);

		expect(check({ ...webhook, body: changed })).toEqual([false, true]);
	});
});

describe.skipIf(!isPythonThere)("signWebhook, the client and Python", () => {
	let python: PythonVerifier;

	beforeAll(() => {
		python = startPythonVerifier();
	});

	afterAll(() => python.close());

	const check = async (webhook: ArrivedWebhook) => [
		clientAccepts(webhook),
		await python.verify(webhook),
	];

	it("agree with the specification's vector", async () => {
		expect(await check(vector)).toEqual([true, true]);
	});

	it("agree on every text and all bytes, under each of the secrets", async () => {
		const bodies = fc.oneof(textBodies, binaryBodies);
		await fc.assert(
			fc.asyncProperty(bodies, secretLists, async (body, secrets) => {
				const webhook = arrive(body, secrets);

				for (const secret of secrets) {
					expect(await check({ ...webhook, secret })).toEqual([true, true]);
				}
			}),
		);
	});

	it("refuse any changed byte and any other secret", async () => {
		const bodies = fc
			.oneof(textBodies, binaryBodies)
			.filter(({ length }) => length > 0);
		await fc.assert(
			fc.asyncProperty(
				bodies,
				secretLists,
				positions,
				async (bytes, secrets, change) => {
					const webhook = arrive(bytes, secrets);

					const at = Math.floor(change.place * bytes.length);
					const body = changeByte(bytes, at, change.mask);
					const secret = createWebhookSecret();

					expect(await check({ ...webhook, body })).toEqual([false, false]);
					expect(await check({ ...webhook, secret })).toEqual([false, false]);
				},
			),
		);
	});

	it.each(largeBodies)("agree on 256 kB of %s", async (_name, text) => {
		const body = Buffer.from(text);
		const webhook = arrive(body, [createWebhookSecret()]);

		const changed = changeByte(body, 0, 1);

		expect(await check(webhook)).toEqual([true, true]);
		expect(await check({ ...webhook, body: changed })).toEqual([false, false]);
	});
});

describe("an ed25519 signature", () => {
	it("agrees over every body, and is refused by the client when any byte changed", () => {
		const pair = createSigningKeyPair();
		const bodies = fc
			.oneof(textBodies, binaryBodies)
			.filter(({ length }) => length > 0);
		fc.assert(
			fc.property(bodies, positions, (bytes, change) => {
				const webhook = {
					...arrive(bytes, [pair.secret]),
					secret: pair.public,
				};

				const at = Math.floor(change.place * bytes.length);
				const body = changeByte(bytes, at, change.mask);

				expect(clientAccepts(webhook)).toBe(true);
				expect(clientAccepts({ ...webhook, body })).toBe(false);
			}),
		);
	});
});
