import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";

const sourceOf = (file: string) =>
	JSON.stringify(pathToFileURL(path.join(import.meta.dirname, file)).href);

const service = `
	import { createRequire } from "node:module";
	import { runService } from ${sourceOf("service.ts")};
	import { healthRoutes } from ${sourceOf("health.ts")};
	import { listen } from ${sourceOf("lifecycle.ts")};
	import { drainDelay, logLevel, seconds } from ${sourceOf("settings.ts")};
	const require = createRequire(${sourceOf("service.ts")});
	const express = require("express");
	const { z } = require("zod");
	await runService(process.env, {
		name: "child",
		schema: z.object({ STOP_GRACE_S: seconds(5, ""), DRAIN_DELAY_S: drainDelay, LOG_LEVEL: logLevel }),
		secrets: [],
		async start({ isStopping, metrics }) {
			const app = express();
			app.use(healthRoutes({ checks: {}, isStopping, registry: metrics.registry }));
			app.get("/work", (_request, response) => response.send("done"));
			const server = await listen(app, { port: 0, host: "127.0.0.1" });
			console.log("at " + server.url);
			return { stop: () => server.close(1_000) };
		},
	});`;

it("a stopping process serves on for the drain's delay, and is not ready from the signal on", async () => {
	const folder = await mkdtemp(path.join(tmpdir(), "reelay-service-"));
	const script = path.join(folder, "main.mts");
	await writeFile(script, service);
	const child = spawn(process.execPath, ["--import", "tsx", script], {
		env: { DRAIN_DELAY_S: "3" },
		stdio: ["ignore", "pipe", "inherit"],
	});
	let output = "";
	child.stdout.on("data", (chunk) => {
		output += chunk;
	});
	const exited = once(child, "close");
	try {
		const url = await eventually(
			() => {
				const [, found] = /^at (\S+)$/m.exec(output) ?? [];
				expect(found).toBeDefined();
				return found;
			},
			{ timeoutMs: 15_000 },
		);
		const before = await fetch(`${url}/readyz`);
		child.kill("SIGTERM");
		await eventually(() => expect(output).toContain("process.stopping"));
		const during = await fetch(`${url}/readyz`);
		const work = await fetch(`${url}/work`);
		const [code] = await exited;

		expect([before.status, during.status, work.status]).toEqual([
			200, 503, 200,
		]);
		expect(code).toBe(0);
		await expect(fetch(`${url}/work`)).rejects.toThrow();
	} finally {
		child.kill("SIGKILL");
		await rm(folder, { recursive: true });
	}
});
