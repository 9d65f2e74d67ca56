import { claimDueDeliveries } from "@reelay/shared/store/deliveries";
import { findViolations } from "@reelay/shared/testing/audit";
import { startReceiver } from "@reelay/shared/testing/receiver";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
	type DeliveryStage,
	secret,
	setStage,
	workerId,
} from "../testing/delivery-stage.ts";

let stage: DeliveryStage;
beforeAll(async () => {
	stage = await setStage();
});
afterEach(async () => {
	expect(await findViolations(stage.store.db)).toEqual([]);
	await clearTestStore(stage.store);
});
afterAll(() => stage.close());

const day = 24 * 60 * 60 * 1000;

describe("the answer", () => {
	it.each([200, 201, 204, 299])("%i delivers the event", async (status) => {
		await stage.aDelivery();
		stage.receiver.answerWith({ status });

		expect(await stage.attempt()).toMatchObject({
			state: "delivered",
			attempts: 1,
			last_status: status,
			last_error: null,
			outcome: "delivered",
			due_in_ms: null,
		});
	});

	it.each([301, 302, 307, 308])(
		"%i is a failure, and is not followed",
		async (status) => {
			await stage.aDelivery();
			const before = stage.receiver.requests.length;
			const headers = { location: `${stage.receiver.url}/elsewhere` };
			stage.receiver.answerWith({ status, headers });

			const found = await stage.attempt();

			expect(found).toMatchObject({ state: "pending", outcome: "retry" });
			expect(stage.receiver.requests).toHaveLength(before + 1);
		},
	);

	it.each([400, 401, 404, 408, 429, 500, 503])(
		"%i is tried again by the schedule",
		async (status) => {
			await stage.aDelivery();
			stage.receiver.answerWith({ status });

			const found = await stage.attempt();

			expect(found).toMatchObject({ state: "pending", last_status: status });
			expect(found.due_in_ms).toBeGreaterThan(2_000);
			expect(found.due_in_ms).toBeLessThanOrEqual(6_000);
		},
	);

	it("410 ends the delivery", async () => {
		await stage.aDelivery();
		stage.receiver.answerWith({ status: 410 });

		expect(await stage.attempt()).toMatchObject({
			state: "aborted",
			attempts: 1,
		});
	});

	it.each([
		["seconds", "600", 600_000],
		["a date", new Date(Date.now() + 600_000).toUTCString(), 600_000],
		["more than a day", "999999", day],
	])("that asks to wait is obeyed: %s", async (_name, retryAfter, ms) => {
		await stage.aDelivery();
		stage.receiver.answerWith({
			status: 503,
			headers: { "retry-after": retryAfter },
		});

		const { due_in_ms } = await stage.attempt();

		expect(due_in_ms).toBeGreaterThan(ms - 60_000);
		expect(due_in_ms).toBeLessThanOrEqual(ms);
	});

	it("that asks to wait less than the schedule shortens nothing", async () => {
		await stage.aDelivery();
		await stage.store.db.$executeRaw`update delivery set attempts = 5`;
		stage.receiver.answerWith({ status: 503, headers: { "retry-after": "1" } });

		expect((await stage.attempt()).due_in_ms).toBeGreaterThan(20 * 60_000);
	});

	it("that fails for the twelfth time exhausts the delivery", async () => {
		await stage.aDelivery();
		await stage.store.db.$executeRaw`update delivery set attempts = 11`;
		stage.receiver.answerWith({ status: 500 });

		expect(await stage.attempt()).toMatchObject({
			state: "exhausted",
			attempts: 12,
			due_in_ms: null,
		});
	});

	it.each([
		["ten megabytes", "x".repeat(10_000_000), /^x{500}$/],
		["a NUL", "a\u0000b", /^a\uFFFDb$/],
		[
			"a character that the cut falls into",
			`${"x".repeat(499)}🛶`,
			/^x{499}.$/,
		],
		["bytes that are no text", Buffer.from([97, 255]), /^a\uFFFD$/],
	])("of %s is kept in brief", async (_name, body, kept) => {
		await stage.aDelivery();
		stage.receiver.answerWith({ body });

		const found = await stage.attempt();

		expect(found.state).toBe("delivered");
		expect(found.excerpt).toMatch(kept);
	});
});

it("shows nothing of what an address inside a network answers", async () => {
	const inner = await startReceiver("127.0.0.2");
	inner.answerWith({ status: 500, body: "the inner truth" });
	await stage.aDelivery({ webhookUrl: `${inner.url}/hook` });

	const found = await stage.attempt();

	await inner.close();
	expect(found).toMatchObject({ last_status: 500, excerpt: null });
});

describe("no answer", () => {
	it.each([
		["none comes in time", "hang", "timeout"],
		["the connection is reset", "reset", ""],
	] as const)("is tried again when %s", async (_name, how, error) => {
		await stage.aDelivery();
		stage.receiver.answerWith(how);

		const found = await stage.attempt();

		expect(found).toMatchObject({
			state: "pending",
			outcome: "retry",
			last_status: null,
			last_error: expect.stringContaining(error),
		});
	});

	it("is tried again when nothing listens", async () => {
		const gone = await startReceiver();
		await gone.close();
		await stage.aDelivery({ webhookUrl: `${gone.url}/hook` });

		expect(await stage.attempt()).toMatchObject({
			state: "pending",
			last_error: expect.stringContaining("ECONNREFUSED"),
		});
	});

	it.each([
		"http://10.0.0.1/hook",
		"http://169.254.169.254/latest/meta-data",
		"http://[::1]/hook",
		"http://0x0a000001/hook",
		"https://rebound.example.com/hook",
	])(
		"ends the delivery when %s leads to a private address",
		async (webhookUrl) => {
			await stage.aDelivery({ webhookUrl });

			expect(await stage.attempt()).toMatchObject({
				state: "aborted",
				attempts: 1,
				last_error: expect.stringContaining("forbidden_address"),
				excerpt: null,
			});
		},
	);

	it("ends the delivery when the URL is none", async () => {
		await stage.aDelivery({ webhookUrl: "nowhere" });

		expect(await stage.attempt()).toMatchObject({ state: "aborted" });
	});
});

it("says all about the attempt in one line", async () => {
	const job = await stage.aDelivery();
	stage.receiver.answerWith({ status: 503 });

	await stage.attempt();

	expect(stage.log.lines("delivery.attempted").at(-1)).toMatchObject({
		job_id: job.id,
		tenant_id: stage.store.tenantId,
		attempt: 1,
		outcome: "retry",
		state: "pending",
		status: 503,
		next_in_ms: 5_000,
	});
	expect(stage.log.text()).not.toContain(secret.slice(6));
});

it("leaves a delivery alone that another worker has taken over meanwhile", async () => {
	await stage.aDelivery();
	const [slow] = await claimDueDeliveries(stage.store.db, workerId, 1);
	await stage.makeDue();
	await claimDueDeliveries(stage.store.db, "worker-2", 1);
	stage.receiver.answerWith({ status: 500 });

	if (slow) await stage.deliver(slow);

	const rows = await stage.store.db.$queryRaw`
		select state, attempts, lease_owner from delivery`;
	expect(rows).toEqual([
		{ state: "pending", attempts: 2, lease_owner: "worker-2" },
	]);
});
