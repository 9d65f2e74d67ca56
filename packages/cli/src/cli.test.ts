import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settleSubmission } from "@reelay/shared/store/settle";
import { aJob, submissionOf } from "@reelay/shared/testing/factories";
import { type Receiver, startReceiver } from "@reelay/shared/testing/receiver";
import { aFailure, aSuccess } from "@reelay/shared/testing/reports";
import { findFreePort } from "@reelay/stack/ports";
import {
	type ApiProcess,
	startApiProcess,
} from "@reelay/stack/testing/api-process";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	type CliOptions,
	jsonLines,
	runCli,
	startCli,
} from "./testing/run-cli.ts";

let api: ApiProcess;
let env: Record<string, string>;
const folder = mkdtempSync(join(tmpdir(), "reelay-cli-"));
beforeAll(async () => {
	api = await startApiProcess();
	env = { REELAY_URL: api.url, REELAY_API_KEY: api.apiKey };
});
afterAll(async () => {
	rmSync(folder, { recursive: true, force: true });
	await api?.close();
});

const cli = (args: string[], options: CliOptions = {}) =>
	runCli(args, { env, ...options });
const succeed = (job: Parameters<typeof submissionOf>[0]) =>
	settleSubmission(api.store.db, aSuccess(submissionOf(job)));

describe("reelay submit", () => {
	it("takes every flag, and shows the job", async () => {
		const made = await cli([
			...["submit", "A paper boat", "--duration", "10", "--mode", "std"],
			...["--aspect-ratio", "9:16", "--sound", "--json", "--tag", "a"],
			...["--metadata", "k=v=w", "--external-id", "order-1"],
			...["--priority", "high", "--on-unknown", "fail"],
			...["--image", "https://example.com/first.png"],
		]);

		const [job] = jsonLines(made.stdout);
		expect(made.code).toBe(0);
		expect(job).toMatchObject({
			state: "queued",
			tags: ["a"],
			metadata: { k: "v=w" },
			external_id: "order-1",
			priority: "high",
			on_unknown: "fail",
			input: {
				prompt: "A paper boat",
				duration: "10",
				mode: "std",
				aspect_ratio: "9:16",
				sound: true,
				image_urls: ["https://example.com/first.png"],
			},
		});
	});

	it("reads a request from standard input and the input alone from a file, and makes one job for one key", async () => {
		const request = { input: { prompt: "A kite" }, tags: ["piped"] };
		const file = join(folder, "input.json");
		writeFileSync(file, JSON.stringify({ prompt: "A lamp" }));

		const piped = await cli(
			["submit", "--input", "-", "--json", "--idempotency-key", "k-1"],
			{ input: JSON.stringify(request) },
		);
		const again = await cli(
			["submit", "--input", "-", "--json", "--idempotency-key", "k-1"],
			{ input: JSON.stringify(request) },
		);
		const filed = await cli(["submit", "--input", file, "--json"]);

		const [first] = jsonLines(piped.stdout);
		expect(first.tags).toEqual(["piped"]);
		expect(jsonLines(again.stdout)[0]).toMatchObject({
			id: first.id,
			idempotency_replayed: true,
		});
		expect(jsonLines(filed.stdout)[0].input.prompt).toBe("A lamp");
	});

	it("ends with 4 and every mistake for what the API refuses", async () => {
		const refused = await cli(["submit", "A boat", "--duration", "99"]);

		expect(refused.code).toBe(4);
		expect(refused.stderr).toContain("/input/duration");
		expect(refused.stdout).toBe("");
	});

	it("waits with --wait, and says how to go on after Ctrl-C", async () => {
		const run = startCli(["submit", "A boat", "--wait"], { env });
		await run.until("queued");

		run.child.kill("SIGINT");

		expect(await run.ended).toBe(130);
		const [, id] = /The job is (job_\w+)/.exec(run.stderr()) ?? [];
		expect(run.stderr()).toContain(
			`The job goes on. Watch it with: reelay watch ${id}`,
		);
	});

	it("ends with 5 when --timeout is over, with the way to go on", async () => {
		const run = await cli(["submit", "A boat", "--wait", "--timeout", "0.3"]);

		expect(run.code).toBe(5);
		expect(run.stderr).toMatch(/Watch it with: reelay watch job_/);
	});
});

describe("reelay watch", () => {
	it("tells each change, and ends with 0 and the video", async () => {
		const job = await aJob(api.store, { state: "rendering" });
		const run = startCli(["watch", job.id], { env });
		await run.until("rendering");

		await succeed(job);

		expect(await run.ended).toBe(0);
		expect(run.stdout()).toContain("https://cdn.example.com/video.mp4");
		expect(run.stderr()).toContain(`succeeded  ${job.id}`);
		expect(run.stdout() + run.stderr()).not.toContain("\u001b");
	});

	it("ends with 1 for a job without a video, in JSON a line for each change", async () => {
		const job = await aJob(api.store, { state: "rendering" });
		const run = startCli(["watch", job.id, "--json"], { env });
		await run.until("rendering");

		await settleSubmission(api.store.db, aFailure(submissionOf(job)));

		expect(await run.ended).toBe(1);
		expect(jsonLines(run.stdout()).map(({ state }) => state)).toEqual([
			"rendering",
			"failed",
		]);
	});
});

describe("reelay get, list and cancel", () => {
	it("shows a job, and ends with 4 for one that is not there", async () => {
		const job = await aJob(api.store, { state: "succeeded" });

		const found = await cli(["get", job.id]);
		const missing = await cli(["get", "job_nothing", "--json"]);

		expect(found.code).toBe(0);
		expect(found.stdout).toContain("video.mp4");
		expect(missing.code).toBe(4);
		expect(jsonLines(missing.stdout)).toMatchObject([
			{ error: { code: "not_found", job_id: "job_nothing" } },
		]);
	});

	it("lists no more than it is asked for, over pages", async () => {
		for (let i = 0; i < 3; i += 1) await aJob(api.store, { state: "expired" });

		const two = await cli(["list", "--state", "expired", "--limit", "2"]);
		const all = await cli(["list", "--state", "expired", "--all", "--json"]);
		const none = await cli(["list", "--state", "overdue"]);

		expect(two.stdout.trim().split("\n")).toHaveLength(3);
		expect(jsonLines(all.stdout).length).toBeGreaterThanOrEqual(3);
		expect(none.stdout).toContain("There are no such jobs.");
	});

	it("cancels a job, and says what that did", async () => {
		const job = await aJob(api.store, { state: "queued" });

		const run = await cli(["cancel", job.id]);

		expect(run.code).toBe(0);
		expect(run.stdout).toMatch(/cancelled .*nothing was charged/);
	});

	it("shows no control characters of somebody else's text", async () => {
		const made = await cli(["submit", "\u001b[31mred\u0007", "--json"]);

		const shown = await cli(["get", jsonLines(made.stdout)[0].id]);

		expect(shown.stdout).toContain("[31mred");
		expect(shown.stdout).not.toContain("\u001b");
	});
});

describe("reelay webhooks", () => {
	let receiver: Receiver;
	beforeAll(async () => {
		receiver = await startReceiver();
	});
	afterAll(() => receiver?.close());

	it("hands each event on, signed by the secret that it prints, and shows what came of it", async () => {
		receiver.answerWith({ status: 204 }, { status: 500 });
		const first = await cancelledJob();
		const { data } = await feed();
		const before = data.findIndex(({ id }) => id === first) - 1;
		const after = before < 0 ? "0" : data[before]?.id;
		await cancelledJob();

		const run = await cli([
			...["webhooks", "listen", "--to", `${receiver.url}/hook`],
			...["--after", after ?? "0", "--count", "2", "--json"],
		]);

		expect(run.code).toBe(0);
		expect(jsonLines(run.stdout)).toMatchObject([
			{ type: "video.cancelled", status: 204, taken: true },
			{ type: "video.cancelled", status: 500, taken: false },
		]);
		const [, secret = ""] = /signed with (whsec_\S+)/.exec(run.stderr) ?? [];
		for (const { body, headers } of receiver.requests.slice(-2)) {
			const event = new Webhook(secret).verify(body, headers as never);
			expect(event).toMatchObject({ type: "video.cancelled" });
		}
	});

	it("says how to go on after Ctrl-C", async () => {
		const to = `${receiver.url}/hook`;
		const run = startCli(["webhooks", "listen", "--to", to], { env });
		await run.until("signed with");

		run.child.kill("SIGINT");

		expect(await run.ended).toBe(130);
		expect(run.stderr()).toContain(`webhooks listen --to ${to} --after now`);
	});

	it("makes, lists and tests an endpoint", async () => {
		const made = await cli([
			...["webhooks", "create", `${receiver.url}/hook`, "--json"],
			...["--events", "video.*"],
		]);
		const [endpoint] = jsonLines(made.stdout);

		const listed = await cli(["webhooks", "list"]);
		// No worker runs here, so the attempt is not made.
		const tested = await cli(["webhooks", "test", "ep_nothing"]);

		expect(endpoint.secret).toMatch(/^whsec_/);
		expect(listed.stdout).toContain(endpoint.id);
		expect(listed.stdout).toContain("video.*");
		expect(tested.code).toBe(4);
	});

	it("says which commands there are for half a name", async () => {
		const run = await cli(["webhooks"]);

		expect(run.code).toBe(2);
		expect(run.stderr).toContain("reelay webhooks listen");
	});
});

describe("reelay doctor", () => {
	it("ends with 0 when all is well", async () => {
		const run = await cli(["doctor", "--json"]);

		const results = Object.fromEntries(
			jsonLines(run.stdout).map(({ name, result }) => [name, result]),
		);
		expect(results).toEqual({
			url: "ok",
			"api key": "ok",
			api: "ok",
			"api ready": "ok",
			"api version": "ok",
			clock: "ok",
			key: "ok",
			worker: "skipped",
			receiver: "skipped",
			"webhook secret": "skipped",
		});
		expect(run.code).toBe(0);
	});

	it.each([
		["no key", { REELAY_API_KEY: "" }, "api key", "REELAY_API_KEY"],
		[
			"a key of somebody else",
			{ REELAY_API_KEY: "rl_x" },
			"key",
			"another one's",
		],
		["no URL", { REELAY_URL: "localhost" }, "url", "REELAY_URL"],
		[
			"a broken secret",
			{ WEBHOOK_SECRET: "whsec_x" },
			"webhook secret",
			"whsec_",
		],
	])(
		"finds %s, says what to change, and ends with 1",
		async (_name, wrong, check, fix) => {
			const run = await cli(["doctor", "--json"], {
				env: { ...env, ...wrong },
			});

			const found = jsonLines(run.stdout).filter(
				(one) => one.result === "failed",
			);
			expect(found.map(({ name }) => name)).toEqual([check]);
			expect(found[0].fix).toContain(fix);
			expect(run.code).toBe(1);
		},
	);

	it("finds an api, a worker and a receiver that are not there", async () => {
		const nobody = `http://127.0.0.1:${await findFreePort()}`;

		const run = await cli([
			...["doctor", "--url", nobody, "--worker-url", nobody],
			...["--receiver-url", nobody],
		]);

		expect(run.code).toBe(1);
		expect(run.stdout.match(/^failed .*ECONNREFUSED/gm)).toHaveLength(3);
		expect(run.stdout).toContain("npm start");
	});
});

describe("reelay", () => {
	it("ends with 3 when nobody answers, and with 3 for a wrong key", async () => {
		const nobody = `http://127.0.0.1:${await findFreePort()}`;

		const [away, stranger] = await Promise.all([
			cli(["list", "--url", nobody]),
			cli(["list", "--api-key", "rl_wrong"]),
		]);

		expect([away.code, stranger.code]).toEqual([3, 3]);
		expect(away.stderr).toContain("reelay doctor");
		expect(stranger.stderr).not.toContain("rl_wrong");
	}, 40_000);

	it.each([
		[["dance"], "no command"],
		[["get"], "reelay get <id>"],
		[["list", "--colour"], "--colour"],
		[["list", "--limit", "many"], "--limit must be a number"],
		[["submit"], "Say what the video shows"],
		[["submit", "--input", "/nowhere.json"], "cannot be read"],
		[["webhooks", "listen"], "--to http"],
		[["list", "--url", "nonsense"], "baseUrl"],
	])("ends with 2 for %j, and says what to change", async (args, sentence) => {
		const run = await cli(args);

		expect(run.code).toBe(2);
		expect(run.stderr).toContain(sentence);
	});

	it("says without a key where one comes from", async () => {
		const run = await cli(["list"], { env: {} });

		expect(run.code).toBe(2);
		expect(run.stderr).toContain("REELAY_API_KEY");
	});

	it("helps with everything and with each command", async () => {
		const all = await cli(["--help"], { env: {} });
		const one = await cli(["submit", "--help"], { env: {} });

		expect([all.code, one.code]).toEqual([0, 0]);
		for (const word of [
			"submit",
			"watch",
			"doctor",
			"Exit codes",
			"REELAY_URL",
		]) {
			expect(all.stdout).toContain(word);
		}
		expect(one.stdout).toContain("--idempotency-key KEY");
	});
});

async function cancelledJob(): Promise<string> {
	const made = await cli(["submit", "A boat", "--json"]);
	const [{ id }] = jsonLines(made.stdout);
	await cli(["cancel", id]);
	const { data } = await feed();
	return data.at(-1)?.id ?? "";
}

async function feed(): Promise<{ data: { id: string }[] }> {
	const answer = await fetch(`${api.url}/v1/events?limit=200`, {
		headers: { authorization: `Bearer ${api.apiKey}` },
	});
	return answer.json() as Promise<{ data: { id: string }[] }>;
}
