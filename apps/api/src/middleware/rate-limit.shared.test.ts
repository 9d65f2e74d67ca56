import { openRateLimits } from "@reelay/shared/limits/rate-limits";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { startTestRedis } from "@reelay/shared/testing/redis";
import { serve } from "@reelay/shared/testing/serve";
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";
import { authenticate } from "./authenticate.ts";
import { limitRates } from "./rate-limit.ts";
import { createStrangers } from "./strangers.ts";

const redis = await startTestRedis();
const closing: (() => unknown)[] = [];

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(async () => {
	for (const close of closing) await close();
	await stage.close();
	await redis?.stop();
});

/** One api process of several, as far as it decides whether a request passes. */
async function anApi(redisUrl: string): Promise<string> {
	const onLimited = () => {};
	const { logger } = createMemoryLog();
	const rateLimits = await openRateLimits({
		redisUrl,
		writes: { count: 10, windowS: 3_600 },
		reads: null,
		onAway: () => {},
		onBack: () => {},
		// A busy machine may answer late, and would count by itself then.
		askMs: 10_000,
	});
	const app = express();
	app.use(
		authenticate({
			db: stage.db,
			keyUse: { touch() {} },
			strangers: createStrangers({ logger, onLimited }),
		}),
		limitRates({ rateLimits, onLimited }),
	);
	app.use((_req, res) => void res.end());
	app.use(((_error, _req, res, _next) => {
		res.status(429).end();
	}) satisfies express.ErrorRequestHandler);
	const served = await serve(app);
	closing.push(served.close, rateLimits.close);
	return served.url;
}

describe.skipIf(redis?.pid == null)("two api processes", () => {
	it("share one limit, and let requests go on when Redis is killed in the middle", async () => {
		const urls = [await anApi(redis?.url ?? ""), await anApi(redis?.url ?? "")];
		const key = await stage.aKey();
		const headers = { authorization: `Bearer ${key}` };
		const postToEach = async (count: number) => {
			const all = Array.from({ length: count }, (_, n) =>
				fetch(urls[n % 2] ?? "", { method: "POST", headers }),
			);
			return (await Promise.all(all)).map(({ status }) => status);
		};
		const passed = (statuses: number[]) =>
			statuses.filter((status) => status === 200).length;

		const shared = await postToEach(8);
		process.kill(redis?.pid ?? 0, "SIGKILL");
		await redis?.stop();
		const alone = await postToEach(12);
		const beyond = await postToEach(20);

		expect(passed(shared)).toBe(8);
		// Each counts by itself now, from the beginning.
		expect(passed(alone)).toBe(12);
		expect(passed(beyond)).toBe(8);
	});

	it("refuse together what is beyond the limit", async () => {
		const server = await startTestRedis();
		closing.push(() => server?.stop());
		const url = server?.url ?? "";
		const urls = [await anApi(url), await anApi(url)];
		const key = await stage.aKey();
		const headers = { authorization: `Bearer ${key}` };

		const answers = await Promise.all(
			Array.from({ length: 30 }, (_, n) =>
				fetch(urls[n % 2] ?? "", { method: "POST", headers }),
			),
		);

		const statuses = answers.map(({ status }) => status);
		expect(statuses.filter((status) => status === 200)).toHaveLength(10);
	});
});
