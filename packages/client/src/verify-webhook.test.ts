import { createSigningKeyPair } from "@reelay/shared/signing/ed25519";
import { describe, expect, it } from "vitest";
import {
	event,
	otherSecret,
	refusalOf,
	secret,
	sentAt,
	signedWebhook,
} from "./testing/signed-webhook.ts";
import { verifyWebhook } from "./verify-webhook.ts";
import { WebhookVerificationError } from "./webhook-error.ts";

const pair = createSigningKeyPair();
const otherPair = createSigningKeyPair();
const codeOf = (input: unknown) => refusalOf(verifyWebhook, input)?.code;

describe("verifyWebhook", () => {
	it("returns the event of a signed body", () => {
		expect(verifyWebhook(signedWebhook())).toEqual({ id: "evt_1", ...event });
	});

	it("returns nothing of the body beside the event", () => {
		const body = JSON.stringify({ ...event, id: "evt_of_the_body", more: 1 });

		const verified = verifyWebhook(signedWebhook({ body }));

		expect(verified).toEqual({ id: "evt_1", ...event });
	});

	it("passes on a type that it does not know", () => {
		const body = JSON.stringify({ ...event, type: "video.archived" });

		expect(verifyWebhook(signedWebhook({ body })).type).toBe("video.archived");
	});

	it.each([
		["a Buffer", (text: string) => Buffer.from(text)],
		["a Uint8Array", (text: string) => new TextEncoder().encode(text)],
		[
			"a view into a larger buffer",
			(text: string) => Buffer.from(`{"a":1}${text}`).subarray(7),
		],
		["an ArrayBuffer", (text: string) => new TextEncoder().encode(text).buffer],
	])("takes %s", (_name, encode) => {
		const webhook = signedWebhook();

		const verified = verifyWebhook({
			...webhook,
			body: encode(String(webhook.body)),
		});

		expect(verified).toEqual({ id: "evt_1", ...event });
	});

	it.each([
		[
			"a Web Headers",
			(headers: Record<string, string>) => new Headers(headers),
		],
		[
			"a record in capitals",
			(headers: Record<string, string>) =>
				Object.fromEntries(
					Object.entries(headers).map(([k, v]) => [k.toUpperCase(), v]),
				),
		],
		[
			"a record among other headers",
			(headers: Record<string, string>) => ({
				...headers,
				"set-cookie": ["a", "b"],
				"x-none": undefined,
			}),
		],
	])("reads %s", (_name, convert) => {
		const webhook = signedWebhook();

		const headers = convert(webhook.headers);

		expect(verifyWebhook({ ...webhook, headers }).id).toBe("evt_1");
	});
});

describe("verifyWebhook with several secrets and signatures", () => {
	it.each([
		["the old secret after the sender rotated", [otherSecret, secret], secret],
		["a list with the new one", [secret], [otherSecret, secret]],
		["the public key", [pair.secret], pair.public],
		["the public key beside HMAC", [secret, pair.secret], pair.public],
		["the secret beside ed25519", [pair.secret, secret], secret],
		["a mixed list", [pair.secret], [secret, otherPair.public, pair.public]],
	])("accepts by %s", (_name, secrets, given) => {
		const webhook = signedWebhook({ secrets });

		expect(verifyWebhook({ ...webhook, secret: given }).id).toBe("evt_1");
	});

	it.each([
		["another secret", [secret], otherSecret],
		["another public key", [pair.secret], otherPair.public],
		["a public key for v1", [secret], pair.public],
		["a secret for v1a", [pair.secret], secret],
	])("refuses %s", (_name, secrets, given) => {
		const webhook = signedWebhook({ secrets });

		expect(codeOf({ ...webhook, secret: given })).toBe("no_match");
	});

	it("passes over signatures of versions that are not known yet", () => {
		const webhook = signedWebhook();
		const header = `v9,whatever ${webhook.headers["webhook-signature"]} v2b,x`;

		const headers = { ...webhook.headers, "webhook-signature": header };

		expect(verifyWebhook({ ...webhook, headers }).id).toBe("evt_1");
	});

	it("does not take an ed25519 signature under the name v1 nor the other way round", () => {
		for (const signer of [secret, pair.secret]) {
			const webhook = signedWebhook({ secrets: [signer] });
			const [version, bytes] = webhook.headers["webhook-signature"].split(",");
			const swapped = `${version === "v1" ? "v1a" : "v1"},${bytes}`;
			const headers = { ...webhook.headers, "webhook-signature": swapped };

			const code = codeOf({
				...webhook,
				headers,
				secret: [secret, pair.public],
			});

			expect(code).toBe("malformed_signature");
		}
	});
});

describe("verifyWebhook and time", () => {
	const at = (ageS: number, rest = {}) => ({
		...signedWebhook(),
		now: new Date((sentAt + ageS) * 1000),
		...rest,
	});

	it.each([0, 300, -300])("accepts an age of %i s", (ageS) => {
		expect(codeOf(at(ageS))).toBeUndefined();
	});

	it.each([
		[301, "too_old"],
		[-301, "too_new"],
	])("refuses an age of %i s as %s", (ageS, code) => {
		expect(codeOf(at(ageS))).toBe(code);
	});

	it("takes another tolerance, in seconds", () => {
		expect(codeOf(at(900, { toleranceS: 900 }))).toBeUndefined();
		expect(codeOf(at(901, { toleranceS: 900 }))).toBe("too_old");
		expect(codeOf(at(0, { toleranceS: 0 }))).toBeUndefined();
		expect(codeOf(at(1, { toleranceS: 0 }))).toBe("too_old");
	});

	it("takes the instant in milliseconds too", () => {
		expect(codeOf(at(0, { now: sentAt * 1000 }))).toBeUndefined();
		expect(codeOf(at(0, { now: sentAt * 1000 + 301_000 }))).toBe("too_old");
	});

	it("judges by the clock where no instant is given", () => {
		const timestamp = Math.floor(Date.now() / 1000);
		const fresh = { ...signedWebhook({ timestamp }), now: undefined };
		const old = { ...signedWebhook(), now: undefined };

		expect(codeOf(fresh)).toBeUndefined();
		expect(codeOf(old)).toBe("too_old");
	});

	it.each([
		{ toleranceS: Number.NaN },
		{ toleranceS: -1 },
		{ toleranceS: Number.POSITIVE_INFINITY },
		{ toleranceS: "300" },
		{ now: Number.NaN },
		{ now: new Date("never") },
	])("does not switch the check off by %o", (flaw) => {
		const old = at(100_000, flaw) as never;

		expect(() => verifyWebhook(old)).toThrow(RangeError);
	});
});

describe("WebhookVerificationError", () => {
	it("is an Error with a code and without the secret", () => {
		const input = { ...signedWebhook(), secret: otherSecret };

		const verify = () => verifyWebhook(input);

		expect(verify).toThrow(WebhookVerificationError);
		expect(verify).toThrow(
			expect.objectContaining({
				name: "WebhookVerificationError",
				code: "no_match",
				message: expect.not.stringContaining(otherSecret.slice(6)),
			}),
		);
	});
});
