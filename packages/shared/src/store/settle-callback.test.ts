import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { aJob, submissionOf } from "../testing/factories.ts";
import { anOutput, aReceivedCallback, aSuccess } from "../testing/reports.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import {
	callbackOutcomes,
	countDeliveries,
	reread,
} from "../testing/written.ts";
import { settleSubmission } from "./settle.ts";
import { recordAcceptance } from "./submissions.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

describe("a callback", () => {
	it("with another task's id is put into quarantine and changes nothing", async () => {
		const job = await aJob(store, { state: "rendering", taskId: "task-1" });

		const settled = await settleSubmission(
			store.db,
			aSuccess(submissionOf(job), {
				output: anOutput({ task_id: "task-2" }),
				callback: aReceivedCallback("succeeded"),
			}),
		);

		expect(settled).toMatchObject({
			settled: false,
			callback_outcome: "quarantined",
		});
		expect(await callbackOutcomes(store)).toEqual([
			{
				outcome: "quarantined",
				reason: "the task id is not the one that this submission has",
			},
		]);
		expect((await reread(store, job))?.state).toBe("rendering");
		expect(await findViolations(store.db)).toEqual([]);
	});

	it.each([null, "task-1"])(
		"without a contradiction settles: %s",
		async (id) => {
			const job = await aJob(store, { state: "rendering", taskId: "task-1" });

			const settled = await settleSubmission(
				store.db,
				aSuccess(submissionOf(job), {
					output: anOutput({ task_id: id }),
					callback: aReceivedCallback("succeeded"),
				}),
			);

			expect(settled).toMatchObject({
				ended: true,
				callback_outcome: "settled",
			});
		},
	);

	it("tells nobody twice when the same bytes come again", async () => {
		const job = await aJob(store, { state: "rendering", webhookUrl });
		const report = aSuccess(submissionOf(job), {
			callback: aReceivedCallback("succeeded"),
		});

		await settleSubmission(store.db, report);
		const again = await settleSubmission(store.db, report);

		expect(again).toMatchObject({ settled: false, callback_outcome: null });
		expect(await callbackOutcomes(store)).toEqual([
			{ outcome: "settled", reason: null },
		]);
		expect(await countDeliveries(store)).toBe(1);
	});

	it("that is kept already is answered while others hold its submission", async () => {
		const job = await aJob(store, { state: "rendering", webhookUrl });
		const submissionId = submissionOf(job);
		const callback = aReceivedCallback("succeeded");
		await settleSubmission(store.db, aSuccess(submissionId, { callback }));
		const lock = await lockRow(store.url, {
			table: "submission",
			id: submissionId,
		});

		const again = await settleSubmission(
			store.db,
			aSuccess(submissionId, { callback }),
		).finally(() => lock.release());

		expect(again).toEqual({
			settled: false,
			ended: false,
			job_id: job.id,
			job_state: null,
			deliveries: 0,
			callback_id: null,
			callback_outcome: null,
			callback_reason: null,
		});
	});

	it("settles although its bytes are kept, where they were not read as an end then", async () => {
		const job = await aJob(store, { state: "rendering", taskId: "task-1" });
		const submissionId = submissionOf(job);
		const callback = aReceivedCallback("progress");
		await recordAcceptance(store.db, {
			submissionId,
			taskId: "task-1",
			httpStatus: null,
			callback,
		});

		const settled = await settleSubmission(
			store.db,
			aSuccess(submissionId, { callback }),
		);

		expect(settled).toMatchObject({ ended: true, callback_outcome: null });
	});

	it("for a submission that there is not is kept with the reason", async () => {
		const settled = await settleSubmission(
			store.db,
			aSuccess("sub_nobody", { callback: aReceivedCallback("succeeded") }),
		);

		expect(settled).toEqual({
			settled: false,
			ended: false,
			job_id: null,
			job_state: null,
			deliveries: 0,
			callback_id: expect.any(BigInt),
			callback_outcome: "ignored",
			callback_reason: "no such submission",
		});
		expect(await callbackOutcomes(store)).toEqual([
			{ outcome: "ignored", reason: "no such submission" },
		]);
	});

	it("is not kept from telling the result by an answer that gave another task's id", async () => {
		const job = await aJob(store, { state: "submitting", taskId: "task-1" });

		const settled = await settleSubmission(
			store.db,
			aSuccess(submissionOf(job), { output: anOutput({ task_id: "task-2" }) }),
		);

		expect(settled).toMatchObject({ ended: true, job_state: "succeeded" });
	});
});
