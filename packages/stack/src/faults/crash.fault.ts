import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bells } from "../journeys/stage.ts";
import {
	type CrashStage,
	callbackOnly,
	openCrashStage,
	patience,
} from "./crash-stage.ts";
import { reportFault } from "./report.ts";

describe.each(bells)("kill -9 of the API, rung by %s", (bell) => {
	let stage: CrashStage | null = null;
	beforeAll(async () => {
		stage = await openCrashStage(bell, ["api"]);
	});
	afterAll(async () => stage?.close());

	/** Sends the request with its key; `prompt` makes it another one. */
	function send(stage: CrashStage, key: string, prompt = "a fault") {
		return stage.api("/v1/jobs", {
			body: {
				input: { prompt, duration: 3 },
				webhook_url: stage.receiver.url,
			},
			headers: { "idempotency-key": key },
		});
	}

	const jobsOfKey = (stage: CrashStage, key: string) =>
		stage.sql("select id from job where idem_key = $1", [key]);

	/** What every retry of the key must find: one job, made once, paid once. */
	async function checkOneJob(stage: CrashStage, key: string, id: string) {
		const [again, other] = [
			await send(stage, key),
			await send(stage, key, "another prompt"),
		];

		expect(again).toMatchObject({ status: 202, body: { id } });
		expect(other.status).toBe(422);
		expect(await jobsOfKey(stage, key)).toEqual([{ id }]);
		const { posts } = await stage.seenByProvider(id);
		expect(posts).toMatchObject([{ accepted: true, charged: true }]);
		await stage.audit([id]);
	}

	it("1: makes one job when it dies before the commit and the client asks again", async (test) => {
		if (stage === null) return test.skip();
		const key = "before-commit";
		const { diedAt } = await stage.dieAt("accept.beforeCommit", () =>
			expect(send(stage as CrashStage, key)).rejects.toThrow(),
		);
		expect(await jobsOfKey(stage, key)).toEqual([]);

		await stage.stack.launch("api");
		const { status, body } = await send(stage, key);
		expect(status).toBe(202);
		await stage.settle([body.id]);

		const recoveryMs = Date.now() - diedAt;
		await checkOneJob(stage, key, body.id);
		const fault = "API dies before the commit";
		reportFault({ row: 1, fault, bell, invariants: "I1 I8", recoveryMs });
	});

	it.for([
		{
			row: 2,
			place: "accept.committed",
			fault: "API dies after the commit, before the ring and the 202",
		},
		{
			row: 3,
			place: "accept.rung",
			fault: "API dies after the ring was handed over",
		},
	] as const)(
		"$row: runs the job though the $fault",
		async ({ row, place, fault }) => {
			if (stage === null) return;
			const key = `row-${row}`;
			const { diedAt } = await stage.dieAt(place, () =>
				expect(send(stage as CrashStage, key)).rejects.toThrow(),
			);
			const [job] = await jobsOfKey(stage, key);
			await stage.stack.launch("api");

			// Nobody asks again yet: the job lives from its commit on.
			await stage.settle([job?.id]);

			const recoveryMs = Date.now() - diedAt;
			await checkOneJob(stage, key, job?.id);
			reportFault({ row, fault, bell, invariants: "I1 I8", recoveryMs });
		},
	);
});

describe.each(bells)("kill -9 of the receiver, rung by %s", (bell) => {
	let stage: CrashStage | null = null;
	beforeAll(async () => {
		stage = await openCrashStage(bell, ["webhook"]);
	});
	afterAll(async () => stage?.close());

	const callbacksOf = (stage: CrashStage, jobId: string) =>
		stage.sql(
			"select callback.outcome from callback join submission s on s.id = submission_id where job_id = $1",
			[jobId],
		);

	it.for([
		{
			row: 9,
			place: "callback.beforeCommit",
			fault: "receiver dies before the commit",
			kept: [],
			state: "rendering",
			invariants: "I1 I3 I4",
		},
		{
			row: 10,
			place: "callback.committed",
			fault: "receiver dies after the commit, before the 200",
			kept: [{ outcome: "settled" }],
			state: "succeeded",
			invariants: "I1 I3 I4",
		},
	] as const)(
		"$row: takes the callback once though the $fault",
		async (row) => {
			if (stage === null) return;
			await stage.simulator("/scripts", { times: 1, behaviour: callbackOnly });
			const { result: id, diedAt } = await stage.dieAt(row.place, () =>
				(stage as CrashStage).createJob(),
			);
			await stage.reach(id, row.state);
			expect(await callbacksOf(stage, id)).toEqual(row.kept);

			await stage.stack.launch("webhook");
			await eventually(async () => {
				const { callbacks } = await (stage as CrashStage).seenByProvider(id);
				expect(callbacks.at(-1)).toMatchObject({ status: 200 });
			}, patience);
			await stage.settle([id]);

			const recoveryMs = Date.now() - diedAt;
			const { posts, callbacks } = await stage.seenByProvider(id);
			expect(posts).toHaveLength(1);
			expect(callbacks[0]).toMatchObject({ attempt: 1, status: null });
			expect(await callbacksOf(stage, id)).toEqual([{ outcome: "settled" }]);
			await stage.audit([id]);
			const { row: n, fault, invariants } = row;
			reportFault({ row: n, fault, bell, invariants, recoveryMs });
		},
	);
});
