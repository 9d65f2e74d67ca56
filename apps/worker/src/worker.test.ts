import { loadConfig } from "@reelay/shared/runtime/config";
import { createMetrics } from "@reelay/shared/runtime/metrics";
import { verifyCallbackToken } from "@reelay/shared/signing/capability";
import { seal } from "@reelay/shared/signing/sealing";
import { insertJob } from "@reelay/shared/store/accept";
import { insertFirstSecret } from "@reelay/shared/store/tenants";
import { findViolations } from "@reelay/shared/testing/audit";
import { eventually } from "@reelay/shared/testing/eventually";
import { aNewJob } from "@reelay/shared/testing/factories";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { type Receiver, startReceiver } from "@reelay/shared/testing/receiver";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { type RunningSimulator, startSimulator } from "@reelay/simulator/start";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type WorkerConfig, workerConfigSchema } from "./config.ts";
import { startWorker } from "./worker.ts";

const key = (byte: number) => `k1:${Buffer.alloc(32, byte).toString("base64")}`;
const secret = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;

let store: TestStore;
let simulator: RunningSimulator;
let receiver: Receiver;
let config: WorkerConfig;
const log = createMemoryLog();
beforeEach(async () => {
	store = await openTestStore();
	receiver = await startReceiver();
	simulator = await startSimulator({ behaviour: { render_ms: 10 } });
	config = loadConfig(workerConfigSchema, {
		DATABASE_URL: store.url,
		SEE2AI_API_KEY: "sk-test",
		SEE2AI_BASE_URL: simulator.url,
		CALLBACK_BASE_URL: receiver.url,
		CALLBACK_KEYS: key(1),
		ENCRYPTION_KEYS: key(3),
		OUTBOUND_ALLOW_CIDRS: "127.0.0.0/8",
		STOP_GRACE_S: "1",
	});
	const sealed = seal(secret, config.ENCRYPTION_KEYS, store.tenantId);
	await insertFirstSecret(store.db, store.tenantId, sealed);
});
afterEach(async () => {
	await simulator.close();
	await receiver.close();
	await store.close();
});

const start = () =>
	startWorker({
		config,
		db: store.db,
		reports: store.db,
		logger: log.logger,
		metrics: createMetrics("worker"),
	});
const aWaitingJob = () =>
	insertJob(store.db, aNewJob(store, { webhookUrl: `${receiver.url}/hook` }));
const stateOf = async (id: string | undefined) => {
	const rows = await store.db.$queryRaw<{ state: string }[]>`
		select state from job where id = ${id}`;
	return rows[0]?.state;
};

it("submits a waiting job, hands out a callback address that we would accept, and delivers the end signed", async () => {
	const job = await aWaitingJob();

	const worker = await start();
	await eventually(async () => {
		expect(receiver.requests.map(({ path }) => path)).toContain("/hook");
		expect(await findPending()).toEqual([]);
	});
	await worker.stop();

	expect(await stateOf(job?.id)).toBe("succeeded");
	const [post] = simulator.ledger.posts;
	const callback = new URL(String(post?.callback_url));
	const [, , provider, token = ""] = callback.pathname.split("/");
	expect(provider).toBe("see2ai");
	expect(verifyCallbackToken(token, config.CALLBACK_KEYS)).not.toBeNull();
	const hook = receiver.requests.find(({ path }) => path === "/hook");
	new Webhook(secret).verify(
		hook?.body ?? "",
		hook?.headers as Record<string, string>,
	);
	expect(simulator.ledger.posts).toHaveLength(1);
	expect(log.text()).not.toContain(token);
	expect(await findViolations(store.db)).toEqual([]);
});

it("leaves a call that hangs to unknown when it stops, and sends nothing again", async () => {
	simulator.control.setDefaults({ fault: "hang", callback: { lose: true } });
	const job = await aWaitingJob();
	const worker = await start();
	await eventually(() => expect(simulator.ledger.posts).toHaveLength(1));

	await worker.stop();

	expect(await stateOf(job?.id)).toBe("unknown");
	expect(await findViolations(store.db)).toEqual([]);
	expect(simulator.ledger.posts).toHaveLength(1);
});

it("says why nothing is submitted while the provider refuses us", async () => {
	simulator.control.setDefaults({ fault: "http_402" });
	await aWaitingJob();
	const worker = await start();

	const why = await eventually(async () => {
		const said = await worker.checkProvider();
		expect(said).not.toBeNull();
		return said;
	});
	await worker.stop();

	expect(why).toContain("funds");
	expect(await findViolations(store.db)).toEqual([]);
});

async function findPending() {
	return store.db.$queryRaw`select id from delivery where state = 'pending'`;
}
