import { createPublicKey, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createSigningKeyPair, publicKeyOf, signEd25519 } from "./ed25519.ts";
import {
	createWebhookSecret,
	isWebhookSecret,
	signWebhook,
} from "./standard-webhooks.ts";

// RFC 8032, section 7.1: TEST 1, 2 and 3.
const vectors = [
	{
		seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		public: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
		message: "",
		signature:
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
	},
	{
		seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		public: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
		message: "72",
		signature:
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
	},
	{
		seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		public: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
		message: "af82",
		signature:
			"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
	},
];

const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");
const webhook = { id: "evt_1", timestamp: 1614265330, body: "große 🎬" };

function isSignedBy(publicKey: string, text: string, signature: string) {
	const x = Buffer.from(publicKey.slice("whpk_".length), "base64");
	const jwk = { kty: "OKP", crv: "Ed25519", x: x.toString("base64url") };
	const key = createPublicKey({ key: jwk, format: "jwk" });
	return verify(null, Buffer.from(text), key, Buffer.from(signature, "base64"));
}

describe("signEd25519", () => {
	it.each(vectors)(
		"agrees with RFC 8032 on the message %#",
		({ seed, message, signature }) => {
			const bytes = Buffer.from(message, "hex");

			const signed = signEd25519(bytes, `whsk_${base64(seed)}`);

			expect(signed.toString("hex")).toBe(signature);
		},
	);
});

describe("publicKeyOf", () => {
	it.each(vectors)(
		"agrees with RFC 8032 on the key %#",
		({ seed, public: expected }) => {
			expect(publicKeyOf(`whsk_${base64(seed)}`)).toBe(
				`whpk_${base64(expected)}`,
			);
		},
	);
});

describe("createSigningKeyPair", () => {
	it("makes a different pair each time, and each belongs together", () => {
		const pairs = [createSigningKeyPair(), createSigningKeyPair()];

		expect(pairs[0]?.secret).not.toBe(pairs[1]?.secret);
		for (const pair of pairs) {
			expect(publicKeyOf(pair.secret)).toBe(pair.public);
			expect(pair.secret).toMatch(/^whsk_[A-Za-z0-9+/]{43}=$/);
			expect(pair.public).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
		}
	});

	it("makes no secret that would pass for a symmetric one", () => {
		expect(isWebhookSecret(createSigningKeyPair().secret)).toBe(false);
	});
});

describe("signWebhook with a whsk_ secret", () => {
	it("signs id, timestamp and body as v1a, which the public key verifies", () => {
		const pair = createSigningKeyPair();

		const headers = signWebhook({ ...webhook, secrets: [pair.secret] });

		const [version, signature = ""] = headers["webhook-signature"].split(",");
		const text = `${webhook.id}.${webhook.timestamp}.${webhook.body}`;
		expect(version).toBe("v1a");
		expect(isSignedBy(pair.public, text, signature)).toBe(true);
		expect(isSignedBy(pair.public, `${text} `, signature)).toBe(false);
	});

	it("keeps the order of the secrets", () => {
		const symmetric = [createWebhookSecret(), createWebhookSecret()] as const;
		const { secret } = createSigningKeyPair();
		const sign = (secrets: string[]) =>
			signWebhook({ ...webhook, secrets })["webhook-signature"];

		const together = sign([symmetric[0], secret, symmetric[1]]);

		const apart = [symmetric[0], secret, symmetric[1]].map((one) =>
			sign([one]),
		);
		expect(together).toBe(apart.join(" "));
		expect(together).toMatch(/^v1,\S{44} v1a,\S{88} v1,\S{44}$/);
	});

	it("signs a buffer as the bytes it holds", () => {
		const secrets = [createSigningKeyPair().secret];
		const body = Buffer.from(webhook.body);

		expect(signWebhook({ ...webhook, body, secrets })).toEqual(
			signWebhook({ ...webhook, secrets }),
		);
	});

	it.each([
		["31 bytes", `whsk_${Buffer.alloc(31).toString("base64")}`],
		["64 bytes", `whsk_${Buffer.alloc(64).toString("base64")}`],
		["no base64", "whsk_???"],
		["a line break behind", `${createSigningKeyPair().secret}\n`],
		["a public key", createSigningKeyPair().public],
	])("refuses %s in place of the seed", (_name, secret) => {
		const secrets = [createWebhookSecret(), secret];

		expect(() => signWebhook({ ...webhook, secrets })).toThrow(RangeError);
	});
});
