import { describe, expect, it } from "vitest";
import { apiKeyPrefix, createApiKey, hashApiKey } from "./api-key.ts";

describe("createApiKey", () => {
	it("makes keys of 256 bits that do not repeat", () => {
		const keys = Array.from({ length: 500 }, createApiKey);

		expect(new Set(keys).size).toBe(500);
		for (const key of keys) expect(key).toMatch(/^rl_[0-9A-Za-z]{43}$/);
	});

	it("uses every letter of its alphabet", () => {
		const letters = new Set(
			Array.from({ length: 200 }, createApiKey).join("").replaceAll("rl_", ""),
		);

		expect(letters.size).toBe(62);
	});
});

describe("hashApiKey", () => {
	it("is SHA-256", () => {
		expect(hashApiKey("abc").toString("hex")).toBe(
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		);
	});
});

describe("apiKeyPrefix", () => {
	it("shows eight characters, three of which every key has", () => {
		expect(apiKeyPrefix("rl_0123456789")).toBe("rl_01234");
	});
});
