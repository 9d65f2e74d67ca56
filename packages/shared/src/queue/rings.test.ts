import { Client } from "pg";
import {
	afterAll,
	beforeAll,
	describe,
	expect,
	it,
	onTestFinished,
} from "vitest";
import { type Ring, ringId } from "../contracts/queue-messages.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { eventually } from "../testing/eventually.ts";
import { startProxy } from "../testing/proxy.ts";
import { startTestRedis } from "../testing/redis.ts";
import { type BellSettings, bellEngine, openRingQueue } from "./backend.ts";
import { openRingConsumer } from "./consumer.ts";
import { openRinger } from "./rings.ts";

const redis = await startTestRedis();
let database: TestDatabase;
beforeAll(async () => {
	database = await createTestDatabase();
});
afterAll(async () => {
	await database.drop();
	await redis?.stop();
});

const engines: [engine: "redis" | "postgres", settings: () => BellSettings][] =
	[["postgres", () => ({ redisUrl: null, databaseUrl: database.url })]];
if (redis !== null) {
	engines.unshift([
		"redis",
		() => ({ redisUrl: redis.url, databaseUrl: "postgres://127.0.0.1:1" }),
	]);
}

/** A consumer that keeps what it hears and what goes wrong, for as long as the test. */
function listen(settings: BellSettings) {
	const heard: Ring[] = [];
	const errors: string[] = [];
	const consumer = openRingConsumer(settings, {
		onRing: (ring) => void heard.push(ring),
		onError: (error) => void errors.push(error.message),
	});
	onTestFinished(() => consumer.close());
	return { heard, errors };
}

/** A ringer whose connection is up: one that is not refuses its rings, and none of these tests is about that. */
async function ring(settings: BellSettings) {
	const lost: string[] = [];
	const ringer = openRinger(settings, (error) => void lost.push(error.message));
	onTestFinished(() => ringer.close());
	await eventually(async () => {
		expect(await ringer.enqueueAndWait("submit", ["warm"])).toBe(true);
	});
	lost.length = 0;
	return { ringer, lost };
}

/** Waits until the engine holds no ring for this job. */
async function gone(settings: BellSettings, id: string) {
	const { queue, close } = openRingQueue(settings, () => {});
	onTestFinished(close);
	const whole = (await eventually(queue)) as unknown as {
		getJob(ring: string): Promise<unknown>;
	};
	await eventually(async () =>
		expect(
			await whole.getJob(ringId({ v: 1, kind: "submit", id })),
		).toBeUndefined(),
	);
}

const hears = (heard: Ring[], id: string) =>
	eventually(() => expect(heard.map((one) => one.id)).toContain(id));

describe.each(engines)("the bell on %s", (engine, settingsOf) => {
	it("is the engine that the settings choose", () => {
		expect(bellEngine(settingsOf())).toBe(engine);
	});

	it("hears a ring that was sent, of either kind", async () => {
		const { ringer, lost } = await ring(settingsOf());
		const { heard, errors } = listen(settingsOf());

		const wasTaken = await ringer.enqueueAndWait("submit", ["job_a"]);
		ringer.enqueue("deliver", ["dlv_a"]);

		await hears(heard, "dlv_a");
		await hears(heard, "job_a");
		expect(wasTaken).toBe(true);
		expect(heard).toContainEqual({ v: 1, kind: "submit", id: "job_a" });
		expect(heard).toContainEqual({ v: 1, kind: "deliver", id: "dlv_a" });
		expect([...lost, ...errors]).toEqual([]);
	});

	it("hears one ring for eight that rang at the same moment", async () => {
		const { ringer } = await ring(settingsOf());
		const { heard } = listen(settingsOf());

		for (let n = 0; n < 16; n += 1) ringer.enqueue("submit", [`many_${n}`]);
		await hears(heard, "many_8");
		await ringer.enqueueAndWait("submit", ["job_last"]);
		await hears(heard, "job_last");

		const ids = heard
			.map(({ id }) => id)
			.filter((id) => id.startsWith("many_"));
		expect(new Set(ids)).toEqual(new Set(["many_0", "many_8"]));
	});

	it("does not pile up rings for one row that nobody has heard yet, and hears the next one", async () => {
		const { ringer } = await ring(settingsOf());
		for (let n = 0; n < 5; n += 1) {
			await ringer.enqueueAndWait("submit", ["job_b"]);
		}
		await ringer.enqueueAndWait("submit", ["job_last"]);

		const { heard } = listen(settingsOf());
		await hears(heard, "job_last");
		await hears(heard, "job_b");
		const before = heard.filter(({ id }) => id === "job_b").length;
		// Heard is not yet ended: until the engine has removed the first, another one counts as the same.
		await gone(settingsOf(), "job_b");
		await ringer.enqueueAndWait("submit", ["job_b"]);

		await eventually(() =>
			expect(heard.filter(({ id }) => id === "job_b")).toHaveLength(2),
		);
		expect(before).toBe(1);
	});

	it("takes nothing to ring for as done", async () => {
		const { ringer, lost } = await ring(settingsOf());

		expect(await ringer.enqueueAndWait("submit", [])).toBe(true);
		expect(lost).toEqual([]);
	});

	it("drops a message that is no ring with a word, and goes on", async () => {
		const { queue, close } = openRingQueue(settingsOf(), () => {});
		onTestFinished(close);
		const { ringer } = await ring(settingsOf());
		const { heard, errors } = listen(settingsOf());

		const odd = { v: 2, kind: "submit", id: "job_c" } as unknown as Ring;
		await eventually(async () =>
			(await queue()).addBulk([
				{ name: "submit", data: odd, opts: { jobId: "odd-1" } },
			]),
		);
		await ringer.enqueueAndWait("submit", ["job_d"]);

		await hears(heard, "job_d");
		await eventually(() =>
			expect(errors).toEqual(["a message that is not a ring was dropped"]),
		);
		expect(heard.map(({ id }) => id)).not.toContain("job_c");
	});
});

describe("a bell that is not there", () => {
	it.each([
		["redis", { redisUrl: "redis://127.0.0.1:1", databaseUrl: "" }],
		[
			"postgres",
			{ redisUrl: null, databaseUrl: "postgres://nobody@127.0.0.1:1/none" },
		],
	] as const)(
		"on %s refuses the ring, tells so, and lets its owner go",
		async (_engine, settings) => {
			const lost: string[] = [];
			const ringer = openRinger(settings, (error) => {
				lost.push(error.message);
			});

			ringer.enqueue("deliver", ["dlv_a"]);
			const wasTaken = await ringer.enqueueAndWait("submit", ["job_a"]);
			await ringer.close();

			expect(wasTaken).toBe(false);
			expect(lost.length).toBeGreaterThan(0);
		},
	);
});

it("a bell on Postgres outlives a connection that breaks while it sets itself up", async () => {
	const proxy = await startProxy(database.url);
	onTestFinished(() => proxy.close());
	proxy.shape({ latencyMs: 100 });
	const lost: string[] = [];
	const ringer = openRinger(
		{ redisUrl: null, databaseUrl: proxy.url },
		(error) => void lost.push(error.message),
	);
	onTestFinished(() => ringer.close());
	const watcher = new Client({ connectionString: database.url });
	await watcher.connect();
	onTestFinished(() => watcher.end());
	await eventually(
		async () => {
			const { rows } = await watcher.query(
				"select from pg_stat_activity where datname = current_database() and application_name = 'reelay-bell' and query <> ''",
			);
			expect(rows).not.toEqual([]);
		},
		{ everyMs: 5 },
	);

	proxy.reset();
	proxy.shape({ latencyMs: 0 });

	await eventually(async () => {
		expect(await ringer.enqueueAndWait("submit", ["job_after"])).toBe(true);
	});
	expect(lost).not.toEqual([]);
});
