import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "@reelay/shared/runtime/metrics";
import { signCallbackToken } from "@reelay/shared/signing/capability";
import { parseKeyring } from "@reelay/shared/signing/keyring";
import { eventually } from "@reelay/shared/testing/eventually";
import { aJob, submissionOf } from "@reelay/shared/testing/factories";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { type NetworkProxy, startProxy } from "@reelay/shared/testing/proxy";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receiverConfigSchema } from "./config.ts";
import { createReceiverService } from "./service.ts";
import { success } from "./testing/bodies.ts";
import { post } from "./testing/stage.ts";

let store: TestStore;
let network: NetworkProxy;
let home: string;
beforeAll(async () => {
	store = await openTestStore();
	network = await startProxy(store.url);
	home = await mkdtemp(join(tmpdir(), "reelay-webhook-"));
});
afterAll(async () => {
	await network.close();
	await store.close();
	await rm(home, { recursive: true });
});

const keys = `k1:${Buffer.alloc(32, 1).toString("base64")}`;

/** The process' own wiring, within this process; its port is free, and read from its first line. */
async function startReceiver() {
	const log = createMemoryLog();
	const config = receiverConfigSchema.parse({
		DATABASE_URL: network.url,
		WEBHOOK_PORT: "0",
		CALLBACK_KEYS: keys,
		DATA_DIR: home,
	});
	const metrics = createMetrics("webhook");
	const context = { config, logger: log.logger, metrics };
	const running = await createReceiverService().start({
		...context,
		isStopping: () => false,
	});
	const url = String(log.lines("webhook.listening")[0]?.url);
	return { url, log, stop: running.stop };
}

async function aRendering() {
	const job = await aJob(store, { state: "rendering" });
	const token = signCallbackToken(submissionOf(job), parseKeyring(keys));
	return { id: job.id, path: `/callbacks/see2ai/${token}` };
}

const stateOf = async (id: string) =>
	store.db.$queryRaw`select state from job where id = ${id}`;

describe("the receiver", () => {
	it("starts without Postgres, takes callbacks, and applies them when Postgres comes", async () => {
		const { id, path } = await aRendering();

		network.cut();
		const receiver = await startReceiver();
		const ready = await fetch(`${receiver.url}/readyz`);
		const { status } = await post(`${receiver.url}${path}`, success);
		const away = await (await fetch(`${receiver.url}/metrics`)).text();
		network.restore();

		expect([ready.status, status]).toEqual([200, 200]);
		expect(away).toMatch(/^reelay_spool_depth\{.*\} 1$/m);
		await eventually(async () =>
			expect(await stateOf(id)).toEqual([{ state: "succeeded" }]),
		);
		await receiver.stop();
		expect(await readdir(join(home, "spool"))).toEqual([]);
	});

	it("keeps what it spooled for the process that follows it", async () => {
		const { id, path } = await aRendering();

		const first = await startReceiver();
		network.cut();
		const { status } = await post(`${first.url}${path}`, success);
		await first.stop();
		network.restore();
		const second = await startReceiver();

		expect(status).toBe(200);
		await eventually(async () =>
			expect(await stateOf(id)).toEqual([{ state: "succeeded" }]),
		);
		await second.stop();
	});
});
