import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settleSubmission } from "@reelay/shared/store/settle";
import { aJob, submissionOf } from "@reelay/shared/testing/factories";
import { aFailure, aSuccess } from "@reelay/shared/testing/reports";
import { describe, expect, it } from "vitest";
import { setCliStage } from "../testing/cli-stage.ts";
import { jsonLines, startCli } from "../testing/run-cli.ts";

const { stage, cli } = setCliStage();

const succeed = (job: Parameters<typeof submissionOf>[0]) =>
	settleSubmission(stage.api.store.db, aSuccess(submissionOf(job)));

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
		const folder = mkdtempSync(join(tmpdir(), "reelay-cli-"));
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

		rmSync(folder, { recursive: true });
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
		const run = startCli(["submit", "A boat", "--wait"], { env: stage.env });
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
		const job = await aJob(stage.api.store, { state: "rendering" });
		const run = startCli(["watch", job.id], { env: stage.env });
		await run.until("rendering");

		await succeed(job);

		expect(await run.ended).toBe(0);
		expect(run.stdout()).toContain("https://cdn.example.com/video.mp4");
		expect(run.stderr()).toContain(`succeeded  ${job.id}`);
		expect(run.stdout() + run.stderr()).not.toContain("\u001b");
	});

	it("ends with 1 for a job without a video, in JSON a line for each change", async () => {
		const job = await aJob(stage.api.store, { state: "rendering" });
		const run = startCli(["watch", job.id, "--json"], { env: stage.env });
		await run.until("rendering");

		await settleSubmission(stage.api.store.db, aFailure(submissionOf(job)));

		expect(await run.ended).toBe(1);
		expect(jsonLines(run.stdout()).map(({ state }) => state)).toEqual([
			"rendering",
			"failed",
		]);
	});
});

describe("reelay get, list and cancel", () => {
	it("shows a job, and ends with 4 for one that is not there", async () => {
		const job = await aJob(stage.api.store, { state: "succeeded" });

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
		for (let i = 0; i < 3; i += 1)
			await aJob(stage.api.store, { state: "expired" });

		const two = await cli(["list", "--state", "expired", "--limit", "2"]);
		const all = await cli(["list", "--state", "expired", "--all", "--json"]);
		const none = await cli(["list", "--state", "overdue"]);

		expect(two.stdout.trim().split("\n")).toHaveLength(3);
		expect(jsonLines(all.stdout).length).toBeGreaterThanOrEqual(3);
		expect(none.stdout).toContain("There are no such jobs.");
	});

	it("cancels a job, and says what that did", async () => {
		const job = await aJob(stage.api.store, { state: "queued" });

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
