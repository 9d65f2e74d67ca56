import { hashApiKey } from "@reelay/shared/signing/api-key";
import { eventually } from "@reelay/shared/testing/eventually";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { serve } from "@reelay/shared/testing/serve";
import { watchDatabase } from "@reelay/shared/testing/watch-database";
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, prompt, setStage } from "../testing/stage.ts";
import { authenticate } from "./authenticate.ts";
import { createStrangers } from "./strangers.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const body = { input: { prompt } };
const keyUse = { touch() {} };
const strangers = createStrangers({
	logger: createMemoryLog().logger,
	onLimited: () => {},
});

describe("401", () => {
	it.each([
		["no key", {}],
		["an empty header", { authorization: "" }],
		["another scheme", { authorization: "Basic cmw6cmw=" }],
		["a scheme without a key", { authorization: "Bearer " }],
		["two keys", { authorization: "Bearer a b" }],
		["a key that nobody has", { authorization: `Bearer rl_${"x".repeat(43)}` }],
		[
			"a key that is far too long",
			{ authorization: `Bearer ${"x".repeat(600)}` },
		],
	])("refuses %s", async (_name, headers: Record<string, string>) => {
		const answer = await stage.request("/v1/jobs", { key: null, headers });

		expect(answer.status).toBe(401);
		expect(answer.json.code).toBe("unauthorized");
		expect(answer.headers.get("www-authenticate")).toBe("Bearer");
	});

	it.each(["/v1", "/v1/jobs", "/v1/nothing", "/v1/jobs/%zz"])(
		"comes before anything is said about %s",
		async (path) => {
			const { status } = await stage.request(path, { key: null });

			expect(status).toBe(401);
		},
	);

	it("comes before the body is read", async () => {
		const { status } = await stage.request("/v1/jobs", {
			key: null,
			body: "{",
		});

		expect(status).toBe(401);
	});

	it.each([
		["revoked", { revoked: true, expired: false }],
		["expired", { revoked: false, expired: true }],
	])("refuses a key that is %s", async (_name, { revoked, expired }) => {
		const key = await stage.aKey();
		await endKey(key, { revoked, expired });

		const { status } = await stage.request("/v1/jobs", { key });

		expect(status).toBe(401);
	});

	it("refuses a key that was valid before, soon after it is revoked, however busy it is", async () => {
		const clock = { time: 1, now: () => clock.time };
		const app = express();
		app.use(authenticate({ db: stage.db, keyUse, strangers }, clock));
		app.use((_req, res) => void res.end());
		app.use(((_error, _req, res, _next) => {
			res.status(401).end();
		}) satisfies express.ErrorRequestHandler);
		const served = await serve(app);
		const key = await stage.aKey();
		const ask = async () => {
			const headers = { authorization: `Bearer ${key}` };
			return (await fetch(served.url, { headers })).status;
		};
		const first = await ask();
		await endKey(key, { revoked: true, expired: false });

		clock.time += 4_000;
		const whileRemembered = await ask();
		clock.time += 4_000;

		await eventually(async () => expect(await ask()).toBe(401));
		expect([first, whileRemembered]).toEqual([200, 200]);
		await served.close();
	});

	it("asks the database once for a key that comes many times", async () => {
		let reads = 0;
		const db = watchDatabase(stage.db, () => {
			reads += 1;
		});
		const other = express().use(
			authenticate({ db, keyUse, strangers }),
			(_req, res) => {
				res.end();
			},
		);
		const served = await serve(other);
		const headers = { authorization: `Bearer ${await stage.aKey()}` };

		for (let n = 0; n < 5; n += 1) await fetch(served.url, { headers });

		expect(reads).toBe(1);
		await served.close();
	});
});

describe("403", () => {
	it.each([
		["POST /v1/jobs", "jobs:write", { path: "", method: "POST" }],
		["GET /v1/jobs", "jobs:read", { path: "", method: "GET" }],
		["GET a job", "jobs:read", { path: "/x", method: "GET" }],
		["GET its events", "jobs:read", { path: "/x/events", method: "GET" }],
		["POST its cancel", "jobs:write", { path: "/x/cancel", method: "POST" }],
	])(
		"refuses %s to a key without %s",
		async (_name, scope, { path, method }) => {
			const others = (["jobs:write", "jobs:read", "webhooks"] as const).filter(
				(other) => other !== scope,
			);
			const key = await stage.aKey(undefined, others);

			const answer = await stage.request(`/v1/jobs${path}`, { method, key });

			expect(answer.status).toBe(403);
			expect(answer.json).toMatchObject({
				code: "forbidden",
				detail: `This API key lacks the scope ${scope}.`,
			});
		},
	);

	it("lets a key do what its one scope allows", async () => {
		const key = await stage.aKey(undefined, ["jobs:write"]);

		const { status } = await stage.request("/v1/jobs", { key, body });

		expect(status).toBe(202);
	});
});

it("keeps keys out of the log", async () => {
	const key = await stage.aKey();

	await stage.request("/v1/jobs", { key });
	await stage.request("/v1/jobs", { key: `${key}x` });

	expect(stage.log.lines().length).toBeGreaterThan(1);
	expect(stage.log.text()).not.toContain(key);
});

async function endKey(
	key: string,
	how: { revoked: boolean; expired: boolean },
): Promise<void> {
	await stage.db.$executeRaw`
		update api_key set revoked_at = case when ${how.revoked} then now() end,
			expires_at = case when ${how.expired} then now() end
		where hash = ${hashApiKey(key)}`;
}
