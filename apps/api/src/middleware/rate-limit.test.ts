import { openRateLimits } from "@reelay/shared/limits/rate-limits";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, prompt, setStage } from "../testing/stage.ts";
import { createStrangers } from "./strangers.ts";

let stage: ApiStage;
const limited: string[] = [];
const clock = { time: 0, now: () => clock.time };
const log = createMemoryLog();
beforeAll(async () => {
	const onLimited = (limit: string) => void limited.push(limit);
	stage = await setStage({
		onLimited,
		rateLimits: await openRateLimits({
			redisUrl: null,
			writes: { count: 2, windowS: 3_600 },
			reads: { count: 3, windowS: 1_800 },
			onAway: () => {},
			onBack: () => {},
		}),
		strangers: createStrangers({
			logger: log.logger,
			onLimited,
			limit: 2,
			clock,
		}),
	});
});
beforeEach(() => {
	limited.length = 0;
	clock.time += 60_000;
});
afterAll(() => stage.close());

const headersOf = ({ headers }: { headers: Headers }) =>
	["ratelimit-policy", "ratelimit", "retry-after"].map((name) =>
		headers.get(name),
	);

describe("a key", () => {
	it("is told after each request what remains, and is refused beyond it, apart for writes and reads", async () => {
		const key = await stage.aKey();
		const write = (body: unknown) => stage.request("/v1/jobs", { key, body });

		const accepted = await write({ input: { prompt } });
		const invalid = await write({});
		const beyond = await write({ input: { prompt } });
		const read = await stage.request("/v1/jobs", { key });

		expect(
			[accepted, invalid, beyond, read].map(({ status }) => status),
		).toEqual([202, 422, 429, 200]);
		const policy = '"writes";q=2;w=3600';
		expect(headersOf(accepted)).toEqual([policy, '"writes";r=1;t=3600', null]);
		expect(headersOf(invalid)[1]).toMatch(/^"writes";r=0;t=3[56]\d\d$/);
		expect(beyond.json).toMatchObject({
			code: "rate_limited",
			retryable: true,
		});
		const [, rest, after] = headersOf(beyond);
		expect(rest).toBe(`"writes";r=0;t=${after}`);
		expect(headersOf(read)[1]).toBe('"reads";r=2;t=1800');
		expect(limited).toEqual(["writes"]);
	});

	it("has a limit of its own, whatever another key of its tenant has done", async () => {
		const [busy, quiet] = [await stage.aKey(), await stage.aKey()];

		for (let n = 0; n < 4; n += 1) await stage.request("/v1/me", { key: busy });
		const answer = await stage.request("/v1/me", { key: quiet });

		expect(limited).toEqual(["reads"]);
		expect(answer.status).toBe(200);
	});

	it.each([
		["a path that there is not", "/v1/nothing", 404],
		["what its scopes do not open", "/v1/jobs", 403],
		["another's thing", "/v1/endpoints/ep_x", 404],
	])(
		"is told what remains also when it asked for %s",
		async (_what, path, status) => {
			const key = await stage.aKey(undefined, ["webhooks"]);

			const answer = await stage.request(path, { key });

			expect(answer.status).toBe(status);
			expect(headersOf(answer)[1]).toBe('"reads";r=2;t=1800');
		},
	);

	it("is not asked of at all where no key is needed", async () => {
		const answer = await stage.request("/healthz", { key: null });

		expect(headersOf(answer)).toEqual([null, null, null]);
	});
});

describe("an address", () => {
	const guess = (headers: Record<string, string> = {}) =>
		stage.request("/v1/me", { key: null, headers });

	it("that shows no valid key is answered 401 so many times, then 429, until the next minute", async () => {
		const wrong = { authorization: `Bearer rl_${"x".repeat(43)}` };

		const answers = [
			await guess(),
			await guess(wrong),
			await guess(wrong),
			await guess(),
		];
		clock.time += 60_000;
		const later = await guess(wrong);

		const codes = [...answers, later].map(({ json }) => json.code);
		expect(codes).toEqual([
			...["unauthorized", "unauthorized", "rate_limited", "rate_limited"],
			"unauthorized",
		]);
		expect(answers.map(headersOf)).toEqual([
			['"unauthorized";q=2;w=60', '"unauthorized";r=1;t=60', null],
			['"unauthorized";q=2;w=60', '"unauthorized";r=0;t=60', null],
			['"unauthorized";q=2;w=60', '"unauthorized";r=0;t=60', "60"],
			['"unauthorized";q=2;w=60', '"unauthorized";r=0;t=60', "60"],
		]);
		expect(limited).toEqual(["unauthorized", "unauthorized"]);
	});

	it("is told of in the log once, and keeps out no valid key, known or new", async () => {
		const known = await stage.aKey();
		await stage.request("/v1/me", { key: known });
		const before = log.lines().length;
		for (let n = 0; n < 5; n += 1) await guess();

		const answers = [
			await stage.request("/v1/me", { key: known }),
			await stage.request("/v1/me", { key: await stage.aKey() }),
		];

		expect(answers.map(({ status }) => status)).toEqual([200, 200]);
		const lines = log.lines().slice(before);
		expect(lines).toMatchObject([
			{ msg: "keys.guessed", address: "127.0.0.1" },
		]);
	});
});
