import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { exitCodes } from "./exit-code.ts";
import { commands, runProgram } from "./program.ts";
import { createTerminal } from "./terminal.ts";
import { runCli } from "./testing/run-cli.ts";

async function run(args: string[], env: Record<string, string> = {}) {
	const stdout: string[] = [];
	const stderr: string[] = [];
	const code = await runProgram(args, {
		terminal: createTerminal(
			{ write: (text) => stdout.push(text) },
			{ write: (text) => stderr.push(text) },
			{ noColor: false },
		),
		env,
		signal: new AbortController().signal,
		readInput: async () => "[1]",
	});
	return { code, stdout: stdout.join(""), stderr: stderr.join("") };
}

const env = { REELAY_API_KEY: "rl_test", REELAY_URL: "http://127.0.0.1:1" };

describe("runProgram", () => {
	it.each([
		[["dance"], "no command"],
		[["webhooks"], "reelay webhooks listen"],
		[["get"], "reelay get <id>"],
		[["get", "a", "b"], "2 words were given"],
		[["list", "--colour"], "--colour"],
		[["list", "--limit", "many"], "--limit must be a number"],
		[["submit"], "Say what the video shows"],
		[["submit", "x", "--metadata", "k"], "KEY=VALUE"],
		[["submit", "x", "--wait", "--timeout", "soon"], "--timeout must be"],
		[["submit", "--input", "/nowhere.json"], "cannot be read"],
		[["submit", "--input", "-"], "does not hold a JSON object"],
		[["webhooks", "listen"], "--to http"],
		[["webhooks", "listen", "--to", "http://x", "--secret", "s"], "whsec_"],
		[["list", "--url", "nonsense"], "baseUrl"],
	])("ends with 2 for %j, and says what to change", async (args, sentence) => {
		const { code, stdout, stderr } = await run(args, env);

		expect(code).toBe(2);
		expect(stderr).toContain(sentence);
		expect(stdout).toBe("");
	});

	it("says without a key where one comes from", async () => {
		const { code, stderr } = await run(["list"]);

		expect(code).toBe(2);
		expect(stderr).toContain("REELAY_API_KEY");
	});

	it("tells every command, the settings and the exit codes", async () => {
		const { code, stdout } = await run(["--help"]);

		expect(code).toBe(0);
		for (const { name } of commands) expect(stdout).toContain(`reelay ${name}`);
		for (const word of ["Exit codes", "REELAY_URL", "REELAY_API_KEY"]) {
			expect(stdout).toContain(word);
		}
	});

	it.each(
		commands.map(({ name, flags }) => [name, Object.keys(flags)] as const),
	)(
		"helps with %s and each of its flags, whatever else is missing",
		async (name, flags) => {
			const { code, stdout } = await run([...name.split(" "), "--help"]);

			expect(code).toBe(0);
			for (const flag of flags) expect(stdout).toContain(`--${flag}`);
		},
	);
});

describe("README.md", () => {
	const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

	it("names every command and every exit code", () => {
		const codes = [...readme.matchAll(/^\| (\d+) \|/gm)].map(([, code]) =>
			Number(code),
		);

		expect(codes).toEqual(Object.values(exitCodes));
		for (const { name, takes } of commands) {
			const isNamed =
				readme.includes(`reelay ${name}`) ||
				readme.includes(`\`${`${name.split(" ").at(-1)} ${takes}`.trim()}\``);
			expect([name, isNamed]).toEqual([name, true]);
		}
	});
});

describe("reelay", () => {
	it("ends its process with the exit code, and tells what is wrong apart from its output", async () => {
		const { code, stdout, stderr } = await runCli(["dance"]);

		expect([code, stdout]).toEqual([2, ""]);
		expect(stderr).toContain("There is no command");
	});
});
