import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { type Listening, listen } from "./lifecycle.ts";

const closers: (() => unknown)[] = [];

afterEach(async () => {
	for (const close of closers.splice(0)) await close();
});

const sourceOf = (file: string) =>
	JSON.stringify(pathToFileURL(path.join(import.meta.dirname, file)).href);

/** Runs `start` in a real process; `until` waits for a text it prints. */
async function runChild(start: string, graceMs = 10_000) {
	const folder = await mkdtemp(path.join(tmpdir(), "reelay-lifecycle-"));
	const script = path.join(folder, "main.mts");
	await writeFile(
		script,
		`import { runProcess } from ${sourceOf("lifecycle.ts")};
		import { createLogger } from ${sourceOf("logger.ts")};
		const logger = createLogger({ name: "child", level: "info" });
		const alive = setInterval(() => {}, 1000);
		const start = ${start};
		await runProcess({ name: "child", logger, start, graceMs: ${graceMs} });`,
	);
	const child = spawn(process.execPath, ["--import", "tsx", script], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	closers.push(() => child.kill("SIGKILL"));
	closers.push(() => rm(folder, { recursive: true }));
	return watch(child);
}

function watch(child: ChildProcess) {
	let output = "";
	const exited = once(child, "close").then(([code]) => code as number | null);
	const until = (text: string) =>
		new Promise<void>((resolve, reject) => {
			const look = () => output.includes(text) && resolve();
			child.stdout?.on("data", look);
			void exited.then(() => reject(new Error(`no "${text}" in ${output}`)));
			look();
		});
	child.stdout?.on("data", (chunk) => {
		output += chunk;
	});
	const messages = () =>
		output
			.split("\n")
			.filter((line) => line.startsWith("{"))
			.map((line) => JSON.parse(line).msg as string);
	return { child, exited, until, messages };
}

describe("runProcess", () => {
	it("stops once after a signal and exits 0, however many signals come", async () => {
		const { child, exited, until, messages } = await runChild(`async () => ({
			stop: async () => {
				logger.info("child.stopping");
				await new Promise((resolve) => setTimeout(resolve, 100));
			},
		})`);

		await until("process.started");
		child.kill("SIGTERM");
		await until("child.stopping");
		child.kill("SIGTERM");
		child.kill("SIGINT");

		expect(await exited).toBe(0);
		expect(messages()).toEqual([
			"process.started",
			"process.stopping",
			"child.stopping",
			"process.stopped",
		]);
	});

	it("waits for a start that a signal interrupted, then stops", async () => {
		const { child, exited, until, messages } = await runChild(`async () => {
			logger.info("child.starting");
			await new Promise((resolve) => process.once("SIGTERM", resolve));
			return { stop: async () => { logger.info("child.stopping"); } };
		}`);

		await until("child.starting");
		child.kill("SIGTERM");

		expect(await exited).toBe(0);
		expect(messages()).toContain("child.stopping");
	});

	it("exits 1 when stopping takes longer than the grace", async () => {
		const { child, exited, until, messages } = await runChild(
			"async () => ({ stop: () => new Promise(() => {}) })",
			50,
		);

		await until("process.started");
		child.kill("SIGTERM");

		expect(await exited).toBe(1);
		expect(messages().at(-1)).toBe("process.graceExceeded");
	});

	it.each([
		[
			"an uncaught exception",
			'throw new Error("boom")',
			"process.uncaughtException",
		],
		[
			"an unhandled rejection",
			'void Promise.reject(new Error("boom"))',
			"process.unhandledRejection",
		],
	])("logs %s, stops, and exits 1", async (_name, accident, message) => {
		const { exited, messages } = await runChild(`async () => {
			setTimeout(() => { ${accident}; }, 10);
			return { stop: async () => { logger.info("child.stopping"); } };
		}`);

		expect(await exited).toBe(1);
		expect(messages()).toEqual([
			"process.started",
			message,
			"process.stopping",
			"child.stopping",
			"process.stopped",
		]);
	});

	it.each([
		["start", 'async () => { throw new Error("no") }', "process.startFailed"],
		[
			"stop",
			`async () => {
				setTimeout(() => process.kill(process.pid, "SIGTERM"), 10);
				return { stop: async () => { throw new Error("no") } };
			}`,
			"process.stopFailed",
		],
	])("logs a failed %s and exits 1", async (_name, start, message) => {
		const { exited, messages } = await runChild(start);

		expect(await exited).toBe(1);
		expect(messages().at(-1)).toBe(message);
	});
});

describe("listen", () => {
	async function serve(app = express()): Promise<Listening> {
		const server = await listen(app, { port: 0, host: "127.0.0.1" });
		closers.push(() => server.close(0));
		return server;
	}

	it("tells where it answers", async () => {
		const { url, port } = await serve(
			express().get("/", (_request, response) => {
				response.send("hello");
			}),
		);

		const response = await fetch(url);

		expect(url).toBe(`http://127.0.0.1:${port}`);
		expect(await response.text()).toBe("hello");
	});

	it("names the port and the variable when the port is taken", async () => {
		const { port } = await serve();
		const again = { port, host: "127.0.0.1", setting: "API_PORT" };

		await expect(listen(express(), again)).rejects.toThrow(
			`Port ${port} is already in use: stop the program that uses it, or set API_PORT to another port.`,
		);
	});

	it("lets an answer end within the grace, and takes no new connection", async () => {
		let finish = () => {};
		const app = express().get("/", (_request, response) => {
			response.write("one");
			finish = () => response.end(" two");
		});
		const server = await serve(app);
		const response = await fetch(server.url);

		const closed = server.close(60_000);
		await expect(fetch(server.url)).rejects.toThrow();
		finish();

		expect(await response.text()).toBe("one two");
		await closed;
	});

	it("cuts an open event stream at the deadline instead of hanging", async () => {
		const server = await serve(
			express().get("/", (_request, response) => {
				response.type("text/event-stream").write("data: 1\n\n");
			}),
		);
		const response = await fetch(server.url);

		await Promise.all([server.close(50), server.close(60_000)]);

		await expect(response.text()).rejects.toThrow();
	});

	it("does not wait for a client that keeps its connection", async () => {
		const server = await serve();
		const socket = net.connect(server.port, "127.0.0.1");
		closers.push(() => socket.destroy());
		await once(socket, "connect");
		socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
		await once(socket, "data");

		await server.close(60_000);

		await once(socket.resume(), "close");
	});
});
