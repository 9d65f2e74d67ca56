import {
	type ApiProcess,
	startApiProcess,
} from "@reelay/stack/testing/api-process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Consumer, openConsumer } from "./testing/consumer.ts";

let consumer: Consumer;
let api: ApiProcess;
beforeAll(async () => {
	[consumer, api] = await Promise.all([openConsumer(), startApiProcess()]);
});
afterAll(async () => {
	consumer?.close();
	await api?.close();
});

const source = `
import { isFinal, type Job, type JobInput, Reelay, ReelayError, verifyWebhook } from "@reelay/client";

const [baseUrl = "", apiKey = ""] = process.argv.slice(2);
const reelay = new Reelay({ apiKey, baseUrl });
const input: JobInput = { prompt: "A paper boat", duration: "5", mode: "std" };
const job = await reelay.jobs.create({ input, tags: ["packed"] });
await reelay.jobs.cancel(job.id);
const done: Job = await reelay.jobs.waitFor(job.id);
const types: string[] = [];
for await (const entry of reelay.jobs.events(job.id)) types.push(entry.type);
let code = "none";
try {
	await reelay.jobs.get("job_00000000000000000000000000");
} catch (error) {
	if (error instanceof ReelayError) code = error.code;
}
const urls: string[] = done.result?.urls ?? [];
console.log(JSON.stringify({ state: done.state, isFinal: isFinal(done), types, code, urls, verify: typeof verifyWebhook }));
`;

describe("the packed client", () => {
	it("holds what it needs and nothing of our tests", () => {
		expect(consumer.packed).toEqual(
			expect.arrayContaining([
				"README.md",
				"LICENSE",
				"dist/index.js",
				"dist/index.d.ts",
				"dist/generated/api.d.ts",
			]),
		);
		expect(
			consumer.packed.filter((file) => /test|codegen|tsbuildinfo/.test(file)),
		).toEqual([]);
	});

	it.each([
		["node16", { module: "node16", moduleResolution: "node16" }],
		["bundler", { module: "esnext", moduleResolution: "bundler" }],
	])(
		"compiles for %s with every library checked, and runs",
		async (_name, options) => {
			const complaints = await consumer.compile(source, options);

			const output = await consumer.run(api.url, api.apiKey);

			expect(complaints).toBe("");
			expect(JSON.parse(output)).toEqual({
				state: "cancelled",
				isFinal: true,
				types: ["accepted", "cancelled"],
				code: "not_found",
				urls: [],
				verify: "function",
			});
		},
	);

	it("lets no misspelt field, word or id compile", async () => {
		const wrong = [
			'import { Reelay } from "@reelay/client";',
			'const { jobs } = new Reelay({ apiKey: "x", baseUrl: "y" });',
			'void jobs.create({ input: { promt: "x" } });',
			'void jobs.create({ input: {}, priority: "urgent" });',
			"void jobs.get(7);",
			'void jobs.list({ state: ["done"] });',
		].join("\n");

		const complaints = await consumer.compile(wrong, { module: "nodenext" });

		const lines = [...complaints.matchAll(/\bmain\.ts\((\d+),/g)];
		expect(lines.map(([, line]) => line)).toEqual(["3", "4", "5", "6"]);
	});
});
