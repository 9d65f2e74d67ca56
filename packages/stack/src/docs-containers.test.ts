import { describe, expect, it } from "vitest";
import { hasFolder, listPackages, readDocument } from "./testing/documents.ts";

const dockerfile = readDocument("Dockerfile");
const compose = readDocument("docker-compose.yml");

function listInstructions(name: string): string[] {
	const lines = dockerfile.replaceAll("\\\n", " ").split("\n");
	return lines
		.map((line) => line.trim())
		.filter((line) => line.startsWith(`${name} `))
		.map((line) => line.slice(name.length + 1));
}

describe("Dockerfile", () => {
	it("copies the manifest of every package, which the lockfile names", () => {
		const copied = listInstructions("COPY");

		for (const folder of listPackages()) {
			expect(copied).toContain(`${folder}/package.json ${folder}/`);
		}
	});

	it("brings every folder that a process reads beside its own code", () => {
		const copied = listInstructions("COPY").join("\n");

		for (const folder of listPackages()) {
			if (!folder.startsWith("apps/") || !hasFolder(`${folder}/assets`))
				continue;
			expect(copied).toContain(`${folder}/assets ${folder}/assets`);
		}
	});

	it("installs with the pnpm that package.json names", () => {
		const { packageManager } = JSON.parse(readDocument("package.json")) as {
			packageManager: string;
		};

		expect(listInstructions("ENV")).toContain(
			`PNPM="npx --yes ${packageManager}"`,
		);
	});

	it("has a target for everything that docker-compose.yml builds", () => {
		const targets = listInstructions("FROM").map((from) =>
			from.split(" AS ").at(-1),
		);

		const built = [...compose.matchAll(/target: (\w+)/g)].map(
			([, name]) => name,
		);

		expect(built).toHaveLength(5);
		expect(targets).toEqual(expect.arrayContaining(built));
	});

	it("starts every process without a shell, so that signals reach it", () => {
		const commands = [
			...listInstructions("CMD"),
			...listInstructions("HEALTHCHECK").map((text) => text.split(" CMD ")[1]),
		].map((command = "") => JSON.parse(command) as string[]);

		// Four processes that run on have a check of their health; migrating ends by itself.
		expect(commands.map(([program]) => program)).toEqual(Array(9).fill("node"));
	});
});
