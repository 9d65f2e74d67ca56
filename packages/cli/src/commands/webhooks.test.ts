import { type Receiver, startReceiver } from "@reelay/shared/testing/receiver";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setCliStage } from "../testing/cli-stage.ts";
import { jsonLines, startCli } from "../testing/run-cli.ts";

const { stage, cli } = setCliStage();

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
		const run = startCli(["webhooks", "listen", "--to", to], {
			env: stage.env,
		});
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
});

async function cancelledJob(): Promise<string> {
	const made = await cli(["submit", "A boat", "--json"]);
	const [{ id }] = jsonLines(made.stdout);
	await cli(["cancel", id]);
	const { data } = await feed();
	return data.at(-1)?.id ?? "";
}

async function feed(): Promise<{ data: { id: string }[] }> {
	const answer = await fetch(`${stage.api.url}/v1/events?limit=200`, {
		headers: { authorization: `Bearer ${stage.api.apiKey}` },
	});
	return answer.json() as Promise<{ data: { id: string }[] }>;
}
