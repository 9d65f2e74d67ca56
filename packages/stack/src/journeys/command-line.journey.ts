import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonAnswer } from "./json-answer.ts";
import { openStage, type Stage } from "./stage.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const bin = join(root, "packages/cli/bin/reelay.js");

describe("the command line, as it was built", () => {
	let stage: Stage | null = null;
	beforeAll(async () => {
		stage = await openStage("postgres");
	});
	afterAll(async () => stage?.close());

	async function reelay(...args: string[]) {
		const child = spawn(process.execPath, [bin, ...args, "--json"], {
			env: {
				REELAY_URL: stage?.apiUrl,
				REELAY_API_KEY: stage?.stack.secrets.BOOTSTRAP_API_KEY,
				WEBHOOK_SECRET: stage?.stack.secrets.WEBHOOK_SECRET,
			},
			stdio: ["ignore", "pipe", "ignore"],
		});
		const [output, [code]] = await Promise.all([
			text(child.stdout),
			once(child, "close"),
		]);
		const lines = output.split("\n").filter(Boolean);
		return { code, lines: lines.map((line): JsonAnswer => JSON.parse(line)) };
	}

	it("takes a job from submit to its video, and hands its event on", async (test) => {
		if (stage === null) return test.skip();
		const { receiver } = stage;

		const submitted = await reelay(
			...["submit", "A paper boat", "--duration", "3", "--wait"],
		);
		const listened = await reelay(
			...["webhooks", "listen", "--to", receiver.url],
			...["--after", "0", "--types", "video.succeeded", "--count", "1"],
		);

		const job = submitted.lines.at(-1);
		expect(submitted.code).toBe(0);
		expect(job).toMatchObject({ state: "succeeded", cost: { charged: "yes" } });
		expect(listened.code).toBe(0);
		expect(listened.lines).toMatchObject([{ job_id: job.id, taken: true }]);
		expect(receiver.received).toMatchObject([
			{ verified: true, body: { type: "video.succeeded", data: job } },
		]);
	});

	it("tests an endpoint through the worker, and finds nothing wrong", async (test) => {
		if (stage === null) return test.skip();
		const { receiver, workerUrl, receiverUrl } = stage;

		const made = await reelay("webhooks", "create", receiver.url);
		const tested = await reelay("webhooks", "test", made.lines[0].id);
		const examined = await reelay(
			...["doctor", "--worker-url", workerUrl, "--receiver-url", receiverUrl],
		);

		expect(tested.lines).toMatchObject([{ attempt: { outcome: "delivered" } }]);
		expect(examined.lines.filter(({ result }) => result !== "ok")).toEqual([]);
		expect([made.code, tested.code, examined.code]).toEqual([0, 0, 0]);
	});
});
