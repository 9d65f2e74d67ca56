import { execFileSync } from "node:child_process";
import { operations } from "@reelay/shared/contracts/operations/all";
import type { Operation } from "@reelay/shared/contracts/operations/operation";
import { describe, expect, it } from "vitest";
import { curlOf } from "./curl.ts";

/** The words that a shell would give to curl. */
function wordsOf(command: string): string[] {
	const script = `curl() { for word; do printf '%s\\0' "$word"; done; }\n${command}`;
	const env = { API: "http://api", KEY: "rl_key" };
	return execFileSync("/bin/sh", ["-c", script], { env, encoding: "utf8" })
		.split("\0")
		.slice(0, -1);
}

describe("curlOf", () => {
	it("keeps every body as it is, whatever stands in it", () => {
		const operation = operations.find(({ id }) => id === "createJob");
		const body = { input: { prompt: `it's "$KEY" \`x\` \\ \n` } };
		const example = { summary: "", body, status: 202 };

		const words = wordsOf(curlOf(operation as Operation, example));

		expect(JSON.parse(String(words.at(-1)))).toEqual(body);
	});

	it.each(operations)("sends $id where it belongs", (operation) => {
		for (const example of operation.examples) {
			const words = wordsOf(curlOf(operation, example));

			const url = words.find((word) => word.startsWith("http://api/")) ?? "";
			const path = operation.route.replaceAll(
				/\{(\w+)\}/g,
				(_braces, name: string) => example.path?.[name] ?? "",
			);
			expect(new URL(url).pathname).toBe(path);
			expect(words.includes("Authorization: Bearer rl_key")).toBe(
				operation.scope !== "none",
			);
			const method = operation.method.toUpperCase();
			expect(
				words.includes("-X") ? words[words.indexOf("-X") + 1] : "GET",
			).toBe(method);
		}
	});
});
