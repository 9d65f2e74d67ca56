import { afterAll, expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { startTestRedis } from "../testing/redis.ts";
import { openRingConsumer } from "./consumer.ts";
import { openRinger } from "./rings.ts";

// Up to BullMQ 6.3.2 a worker whose Redis was away for more than about six seconds never fetched again.
const outageMs = 7_000;

const redis = await startTestRedis();
afterAll(() => redis?.stop());

it.skipIf(!redis?.pid)(
	"hears rings again after a Redis that was away for longer than six seconds, and comes back empty",
	async () => {
		if (!redis) return;
		const settings = { redisUrl: redis.url, databaseUrl: "" };
		const heard: string[] = [];
		const lost: Error[] = [];
		const consumer = openRingConsumer(settings, {
			onRing: ({ id }) => void heard.push(id),
			onError: () => {},
		});
		const ringer = openRinger(settings, (error) => void lost.push(error));
		await eventually(async () => {
			await ringer.enqueueAndWait("submit", ["job_before"]);
			expect(heard).toContain("job_before");
		});
		await redis.stop();
		const stoppedAt = performance.now();

		const wasTaken = await ringer.enqueueAndWait("submit", ["job_during"]);
		// The outage's length is what the test is about; nothing signals that it has been long enough.
		await eventually(() => {
			expect(performance.now() - stoppedAt).toBeGreaterThan(outageMs);
		});
		const second = await startTestRedis({ port: redis.port });
		await eventually(async () => {
			await ringer.enqueueAndWait("submit", ["job_after"]);
			expect(heard).toContain("job_after");
		});
		await ringer.close();
		await consumer.close();
		await second?.stop();

		expect(wasTaken).toBe(false);
		expect(lost.length).toBeGreaterThan(0);
		expect(heard).not.toContain("job_during");
	},
	60_000,
);
