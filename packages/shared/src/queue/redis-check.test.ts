import { describe, expect, it } from "vitest";
import { findRedisFaults } from "./redis-check.ts";

const info = (version: string, policy: string) =>
	`# Server\r\nredis_version:${version}\r\n# Memory\r\nmaxmemory_policy:${policy}\r\n`;

describe("findRedisFaults", () => {
	it("finds nothing wrong with a recent server that keeps every key", () => {
		expect(findRedisFaults(info("7.0.15", "noeviction"))).toEqual([]);
	});

	it("names the policy of a server that evicts keys", () => {
		expect(findRedisFaults(info("7.0.15", "allkeys-lru"))).toEqual([
			expect.stringContaining("allkeys-lru"),
		]);
	});

	it("names the version of a server that is too old", () => {
		expect(findRedisFaults(info("6.0.9", "noeviction"))).toEqual([
			expect.stringContaining("6.0.9"),
		]);
	});

	it("says nothing of what a managed server does not tell", () => {
		expect(findRedisFaults("# Server\r\n")).toEqual([]);
	});
});
