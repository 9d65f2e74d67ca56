import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";
import { startSimulator } from "./start.ts";

const children: ChildProcess[] = [];
afterEach(() => {
	for (const child of children.splice(0)) child.kill("SIGKILL");
});

function run(env: Record<string, string>) {
	const main = fileURLToPath(new URL("./main.ts", import.meta.url));
	const child = spawn(process.execPath, ["--import", "tsx", main], { env });
	children.push(child);
	const errors: string[] = [];
	child.stderr.on("data", (chunk) => errors.push(String(chunk)));
	return { child, errors, exit: once(child, "close") };
}

it("says where it listens, and a signal stops it with a request under way", async () => {
	const { child, exit } = run({ SIMULATOR_PORT: "0" });
	const [line] = await once(createInterface(child.stdout), "line");
	const { url, event } = JSON.parse(line);
	const posting = fetch(
		`${url}/api/v1/actions/see2ai_video_generation_kling_3_0_v1`,
		{
			method: "POST",
			headers: {
				authorization: "Bearer sk-test",
				"content-type": "application/json",
				"x-simulator": '{"fault":"hang"}',
			},
			body: '{"prompt":"A boat"}',
		},
	).catch(() => "closed");
	const ledgerUrl = `${url}/control/ledger`;
	const readLedger = async () => (await fetch(ledgerUrl)).text();
	while (!(await readLedger()).includes("A boat"));

	child.kill("SIGTERM");

	expect(await exit).toEqual([0, null]);
	expect(await posting).toBe("closed");
	expect(event).toBe("simulator.listening");
});

it("says in one sentence that its port is in use", async () => {
	const holder = await startSimulator();
	const { errors, exit } = run({ SIMULATOR_PORT: new URL(holder.url).port });

	const [code] = await exit;
	await holder.close();

	expect(code).toBe(1);
	expect(errors.join("")).toMatch(/^Port \d+ on 127\.0\.0\.1 is in use.*\n$/);
});

it("refuses to start with wrong settings and names them all", async () => {
	const { errors, exit } = run({ SIMULATOR_PORT: "x", SIMULATOR_RATE: "y" });

	const [code] = await exit;

	expect(code).toBe(1);
	expect(errors.join("")).toContain("SIMULATOR_PORT");
	expect(errors.join("")).toContain("SIMULATOR_RATE");
});
