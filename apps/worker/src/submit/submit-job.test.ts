import { systemClock } from "@reelay/shared/runtime/clock";
import { signCallbackToken } from "@reelay/shared/signing/capability";
import { parseKeyring } from "@reelay/shared/signing/keyring";
import { findViolations } from "@reelay/shared/testing/audit";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { type Receiver, startReceiver } from "@reelay/shared/testing/receiver";
import { serve } from "@reelay/shared/testing/serve";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "@reelay/shared/testing/store";
import { watchDatabase } from "@reelay/shared/testing/watch-database";
import { type RunningSimulator, startSimulator } from "@reelay/simulator/start";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ends, free } from "../testing/ends.ts";
import { aClaimed, find } from "../testing/rows.ts";
import {
	createProviderClient,
	type ProviderClient,
} from "./provider-client.ts";
import { submitJob } from "./submit-job.ts";

const keyring = parseKeyring(`k1:${Buffer.alloc(32, 1).toString("base64")}`);
const log = createMemoryLog();

let store: TestStore;
let simulator: RunningSimulator;
let receiver: Receiver;
let provider: ProviderClient;
beforeAll(async () => {
	store = await openTestStore();
	receiver = await startReceiver();
	simulator = await startSimulator({
		rate: "off",
		behaviour: { render_ms: 10, callback: { lose: true } },
	});
	provider = clientOf(simulator.url);
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	simulator.control.reset();
	await clearTestStore(store);
});
afterAll(async () => {
	await provider.close();
	await simulator.close();
	await receiver.close();
	await store.close();
});

function clientOf(baseUrl: string): ProviderClient {
	return createProviderClient({ baseUrl, apiKey: "sk-test", timeoutMs: 1_000 });
}

const depsOf = (client: ProviderClient = provider) => ({
	db: store.db,
	provider: client,
	callbackUrl: (id: string) =>
		`${receiver.url}/callbacks/see2ai/${signCallbackToken(id, keyring)}`,
	resultHosts: null,
	clock: systemClock,
	random: () => 0.5,
	logger: log.logger,
});

describe("submitJob", () => {
	it.each(ends)(
		"makes of %s what it means, with one POST",
		async (_name, behaviour, expected) => {
			simulator.control.setDefaults(behaviour);
			const submission = await aClaimed(store);

			const recorded = await submitJob(depsOf(), submission);

			const found = await find(store, submission.id);
			expect(found).toMatchObject(expected);
			expect(recorded).toMatchObject({ won: true, jobState: found.job_state });
			expect(simulator.ledger.posts).toHaveLength(1);
		},
	);

	it("keeps the video's address, the task and what was paid", async () => {
		const submission = await aClaimed(store);

		await submitJob(depsOf(), submission);

		const [post] = simulator.ledger.posts;
		const found = await find(store, submission.id);
		expect(found.task_id).toBe(post?.task_id);
		expect(found.cost_points).toBe(post?.points);
		expect(found.result?.result_urls[0]).toContain(`${simulator.url}/files/`);
	});

	it("keeps the provider's own list of what would repair the request", async () => {
		simulator.control.setDefaults({ fault: "http_422_repair" });
		const submission = await aClaimed(store);

		await submitJob(depsOf(), submission);

		const { error } = await find(store, submission.id);
		expect(error).toMatchObject({
			code: "provider_refused",
			provider: {
				status: 422,
				issues: [{ field: "duration" }],
				repair_options: [{ patch: { duration: "5" } }, {}],
				minimal_runnable_payload: { mode: "std" },
			},
		});
	});

	it.each([
		["seconds", 7, 7_000],
		["a date", { http_date_in_s: 60 }, 60_000],
		["nothing", "absent", 10_000],
		["an absurd number", "absurd", 3_600_000],
	] as const)(
		"makes everyone wait for a 429 that asks for %s",
		async (_name, retry_after, ms) => {
			simulator.control.setDefaults({ fault: "http_429", retry_after });
			const submission = await aClaimed(store);

			await submitJob(depsOf(), submission);

			const { blocked_ms } = await find(store, submission.id);
			expect(blocked_ms).toBeGreaterThan(ms - 5_000);
			expect(blocked_ms).toBeLessThanOrEqual(ms);
		},
	);

	it("puts a job back, free, when nothing listens where the provider should be", async () => {
		const closed = await serve(() => {});
		await closed.close();
		const nowhere = clientOf(closed.url);
		const submission = await aClaimed(store);

		await submitJob(depsOf(nowhere), submission);

		expect(await find(store, submission.id)).toMatchObject({
			...free,
			reason: expect.stringContaining("not sent: ECONNREFUSED"),
		});
		await nowhere.close();
	});

	it("does not send a job of an action that this worker does not know", async () => {
		const submission = await aClaimed(store, { action: "an_action_of_2030" });

		await submitJob(depsOf(), submission);

		expect(await find(store, submission.id)).toMatchObject({
			...free,
			reason: expect.stringContaining("an_action_of_2030"),
		});
		expect(simulator.ledger.posts).toEqual([]);
	});

	it("writes one line that answers every question, without the callback's token", async () => {
		const submission = await aClaimed(store);

		await submitJob(depsOf(), submission);

		const line = log.lines("submission.ended").at(-1);
		expect(line).toMatchObject({
			job_id: submission.job_id,
			submission_id: submission.id,
			n: 1,
			outcome: "succeeded",
			http_status: 200,
			job_state: "succeeded",
			won: true,
		});
		expect(log.text()).not.toContain(
			signCallbackToken(submission.id, keyring).split(".")[2],
		);
	});
});

describe("a database that is away when the answer comes", () => {
	it("is waited for, and the answer that was paid for is written", async () => {
		const submission = await aClaimed(store);
		let failures = 0;
		const db = watchDatabase(store.db, () => {
			if (failures >= 2) return;
			failures += 1;
			throw Object.assign(new Error("away"), { code: "ECONNREFUSED" });
		});

		const recorded = await submitJob({ ...depsOf(), db }, submission);

		expect(recorded).toMatchObject({ won: true, jobState: "succeeded" });
		expect(simulator.ledger.posts).toHaveLength(1);
		const delayed = log
			.lines("submission.recordDelayed")
			.filter((line) => line.submission_id === submission.id);
		expect(delayed).toHaveLength(2);
	});
});
