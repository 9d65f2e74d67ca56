import { describe, expect, it } from "vitest";
import { parseKeyring } from "./keyring.ts";
import { open, SealingError, seal } from "./sealing.ts";

const keyText = (fill: number, bytes = 32) =>
	Buffer.alloc(bytes, fill).toString("base64");
const oldRing = parseKeyring(`k1:${keyText(1)}`);
const rotated = parseKeyring(`k2:${keyText(2)},k1:${keyText(1)}`);
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const context = "endpoint:ep_1";

describe("seal and open", () => {
	it.each(["", secret, "große 🎬\n\0", "x".repeat(100_000)])(
		"give back what was sealed",
		(plaintext) => {
			const sealed = seal(plaintext, rotated, context);

			expect(open(sealed, rotated, context)).toBe(plaintext);
		},
	);

	it("seal the same text differently each time, without showing it", () => {
		const sealed = [
			seal(secret, rotated, context),
			seal(secret, rotated, context),
		];

		expect(sealed[0]).not.toBe(sealed[1]);
		for (const text of sealed) {
			expect(text).toMatch(/^v1\.k2\.[\w-]{16}\.[\w-]+$/);
			expect(text).not.toContain(secret);
		}
	});

	it("open after a rotation what the older key sealed", () => {
		const sealed = seal(secret, oldRing, context);

		expect(open(sealed, rotated, context)).toBe(secret);
	});

	it("work with keys longer than the cipher's", () => {
		const ring = parseKeyring(`long:${keyText(5, 48)}`);

		expect(open(seal(secret, ring, context), ring, context)).toBe(secret);
	});

	it("name the key that is missing", () => {
		const sealed = seal(secret, rotated, context);

		expect(() => open(sealed, oldRing, context)).toThrow(
			/"k2", which is not in ENCRYPTION_KEYS/,
		);
	});

	it("stay shut in another context", () => {
		const sealed = seal(secret, rotated, context);

		expect(() => open(sealed, rotated, "endpoint:ep_2")).toThrow(SealingError);
	});

	it("stay shut under another key of the same name", () => {
		const sealed = seal(secret, oldRing, context);
		const impostor = parseKeyring(`k1:${keyText(9)}`);

		expect(() => open(sealed, impostor, context)).toThrow(SealingError);
	});

	it("stay shut when any single bit was changed", () => {
		const parts = seal("short", rotated, context).split(".");

		for (const part of [2, 3]) {
			const bytes = Buffer.from(parts[part] ?? "", "base64url");
			for (let bit = 0; bit < bytes.length * 8; bit += 1) {
				const changed = Buffer.from(bytes);
				changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
				const forged = parts.with(part, changed.toString("base64url"));
				expect(() => open(forged.join("."), rotated, context)).toThrow(
					SealingError,
				);
			}
		}
	});

	it("stay shut when the text was passed to another key's name", () => {
		const sealed = seal(secret, rotated, context).replace(".k2.", ".k1.");

		expect(() => open(sealed, rotated, context)).toThrow(SealingError);
	});

	it.each([
		"",
		"v1",
		"v1.k2",
		"v2.k2.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
		"v1.k2.AAAA.AAAAAAAAAAAAAAAAAAAAAA",
		"v1.k2.AAAAAAAAAAAAAAAA.AAAA",
		"v1.k2.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA.x",
		"v1.k2.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAA!",
	])("refuse %j, which nobody sealed", (text) => {
		expect(() => open(text, rotated, context)).toThrow(SealingError);
	});
});
