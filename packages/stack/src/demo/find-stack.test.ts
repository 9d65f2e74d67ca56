import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { loadStackSettings } from "../settings.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { findStack } from "./find-stack.ts";

const secrets = {
	CALLBACK_KEYS: "k1:a",
	ENCRYPTION_KEYS: "k1:b",
	BOOTSTRAP_API_KEY: "rl_c",
	WEBHOOK_SECRET: "whsec_d",
};
const ready = { status: "ok", checks: {} };
const simulator = { routes: {} };

async function serve(body: unknown, status = 200): Promise<string> {
	const server = createServer(({ headers }, response) => {
		const isRefused = headers.authorization === "Bearer rl_refused";
		response.writeHead(isRefused ? 401 : status).end(JSON.stringify(body));
	});
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	onTestFinished(() => void server.close());
	return String((server.address() as AddressInfo).port);
}

function find(env: Record<string, string>) {
	const settings = { DATA_DIR: makeTempFolder(), ...env };
	return findStack(loadStackSettings(settings, "/clone"));
}

it("finds a simulated stack whose secrets are known", async () => {
	const API_PORT = await serve(ready);
	const SIMULATOR_PORT = await serve(simulator);

	const { target } = await find({ ...secrets, API_PORT, SIMULATOR_PORT });

	expect(target).toEqual({
		apiUrl: `http://127.0.0.1:${API_PORT}`,
		apiKey: "rl_c",
		webhookSecret: "whsec_d",
		simulatorUrl: `http://127.0.0.1:${SIMULATOR_PORT}`,
	});
});

it("takes the provider for the real one when there is a key for it", async () => {
	const API_PORT = await serve(ready);
	const SIMULATOR_PORT = await serve(simulator);
	const real = { SEE2AI_API_KEY: "real", API_PORT, SIMULATOR_PORT };

	const { target } = await find({ ...secrets, ...real });

	expect(target?.simulatorUrl).toBeNull();
});

it("takes the provider for the real one when no simulator answers", async () => {
	const API_PORT = await serve(ready);
	const SIMULATOR_PORT = await serve({ detail: "Not Found" }, 404);

	const { target } = await find({ ...secrets, API_PORT, SIMULATOR_PORT });

	expect(target?.simulatorUrl).toBeNull();
});

it("does not take another program for a stack", async () => {
	const API_PORT = await serve({ hello: "world" });

	const found = await find({ ...secrets, API_PORT });

	expect(found).toMatchObject({
		target: null,
		reason: expect.stringContaining("No stack answers"),
	});
});

it("leaves the stack of another folder alone", async () => {
	const API_PORT = await serve(ready);

	const found = await find({ API_PORT });

	expect(found).toMatchObject({
		target: null,
		reason: expect.stringContaining("not the one of this"),
	});
});

it("says that a stack of ours is not ready", async () => {
	const checks = { database: "failed (ECONNREFUSED)" };
	const API_PORT = await serve({ status: "unavailable", checks }, 503);

	const found = find({ ...secrets, API_PORT });

	await expect(found).rejects.toThrow("database");
});

it("says that a stack refuses the key", async () => {
	const API_PORT = await serve(ready);
	const key = { BOOTSTRAP_API_KEY: "rl_refused" };

	const found = find({ ...secrets, ...key, API_PORT });

	await expect(found).rejects.toThrow("refuses this folder's key");
});
