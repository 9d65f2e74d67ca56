import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished, vi } from "vitest";
import { findFreePort } from "./ports.ts";
import { findProcess } from "./process-identity.ts";
import { startProcess } from "./processes.ts";
import { makeTempFolder } from "./testing/temp-folder.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

function writeScript(source: string): string {
	const script = join(makeTempFolder(), "script.mjs");
	writeFileSync(script, source);
	return script;
}

const idle = "setInterval(() => {}, 1000);";
const serve = `import { createServer } from "node:http";
let asked = 0;
createServer((_, answer) => {
  asked += 1;
  answer.writeHead(asked < 3 ? 503 : 200).end("warming up");
}).listen(Number(process.env.PORT), "127.0.0.1");`;

async function start(source: string, options = {}) {
	const args = [writeScript(source)];
	const running = await startProcess({
		name: "app",
		args,
		env: {},
		...options,
	});
	onTestFinished(() => running.kill("SIGKILL"));
	return running;
}

it("waits until the process says that it is ready", async () => {
	const port = await findFreePort();
	const readyUrl = `http://127.0.0.1:${port}/readyz`;

	await start(serve, { env: { PORT: String(port) }, readyUrl });

	expect((await fetch(readyUrl)).status).toBe(200);
});

it("reports a process that ends before it is ready, with its last lines", async () => {
	const source = 'console.error("no such database"); process.exitCode = 3;';

	const started = start(source, { readyUrl: "http://127.0.0.1:1/readyz" });

	await expect(started).rejects.toThrow(
		/app ended with exit code 3; its last lines:\nno such database/,
	);
});

it("gives up on a process that is never ready, says what it answered, and ends it", async () => {
	const port = await findFreePort();
	const source = `import { createServer } from "node:http";
console.log("pid " + process.pid);
createServer((_, answer) => answer.writeHead(503).end("database down"))
  .listen(${port}, "127.0.0.1");`;
	const lines: string[] = [];

	const started = start(source, {
		readyUrl: `http://127.0.0.1:${port}/readyz`,
		readyTimeoutMs: 1_000,
		onLine: (line: string) => lines.push(line),
	});

	await expect(started).rejects.toThrow("503 database down");
	expect(findProcess(Number(lines[0]?.slice(4)))).toBeNull();
});

it("tells of a process that ends by itself later", async () => {
	const onExit = vi.fn();
	const running = await start(idle, { onExit });

	process.kill(running.pid, "SIGKILL");

	await vi.waitFor(() => expect(onExit).toHaveBeenCalledOnce());
	expect(onExit.mock.calls[0]?.[0]).toContain("app ended by SIGKILL");
});

it("stops a process in order, and does not call that an end by itself", async () => {
	const onExit = vi.fn();
	const source = `process.on("SIGTERM", () => { console.log("goodbye"); process.exit(); });
console.log("started"); ${idle}`;
	const running = await start(source, { onExit });
	await vi.waitFor(() => expect(running.lastLines()).toContain("started"));

	await running.stop();

	expect(findProcess(running.pid)).toBeNull();
	await vi.waitFor(() => expect(running.lastLines()).toContain("goodbye"));
	expect(onExit).not.toHaveBeenCalled();
});

it("ends a process that ignores SIGTERM at the deadline", async () => {
	const source = `process.on("SIGTERM", () => {}); console.log("started"); ${idle}`;
	const running = await start(source);
	await vi.waitFor(() => expect(running.lastLines()).toContain("started"));

	await running.stop(200);

	expect(findProcess(running.pid)).toBeNull();
});

it("leaves nothing running when the process that started it is killed", async () => {
	const processes = new URL("./processes.ts", import.meta.url).href;
	const parentScript = writeScript(`import { startProcess } from "${processes}";
const child = await startProcess({ name: "app", args: ["-e", "${idle}"], env: {} });
console.log(child.pid);`);
	const flags = ["--conditions=reelay-source", "--import", "tsx", parentScript];
	const parent = spawn(process.execPath, flags, { cwd: root });
	onTestFinished(() => void parent.kill("SIGKILL"));
	const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
	const pid = Number(chunk.toString());
	expect(findProcess(pid)).not.toBeNull();

	parent.kill("SIGKILL");

	await vi.waitFor(() => expect(findProcess(pid)).toBeNull(), 5_000);
});
