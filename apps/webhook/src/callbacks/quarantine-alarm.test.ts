import { otherTask } from "@reelay/shared/domain/callback-record";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { success } from "../testing/bodies.ts";
import { find as findIn } from "../testing/rows.ts";
import { type ReceiverStage, setStage } from "../testing/stage.ts";

let stage: ReceiverStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const alarmsOf = (submissionId: string) =>
	stage.log
		.lines("callback.quarantined")
		.filter((line) => line.submission_id === submissionId);

describe("a result that names another task than the one we know", () => {
	it("calls somebody: a line in the log, a count, and a line in the job's timeline", async () => {
		const { jobId, path, submissionId } = await stage.aRendering({
			taskId: "task-of-ours",
		});

		await stage.post(path, success);

		expect(alarmsOf(submissionId)).toMatchObject([
			{
				level: "error",
				job_id: jobId,
				callback_id: expect.stringMatching(/^cb_\d{12}$/),
				kind: "succeeded",
				reason: otherTask,
			},
		]);
		expect(stage.counted).toContain("succeeded quarantined");
		expect((await findIn(stage, jobId)).timeline.at(-1)).toBe(
			"callback_quarantined",
		);
	});

	it("calls nobody a second time for the same bytes", async () => {
		const { path, submissionId } = await stage.aRendering({
			taskId: "task-of-ours",
		});

		await stage.post(path, success);
		await stage.post(path, success);

		expect(alarmsOf(submissionId)).toHaveLength(1);
	});
});

it("calls nobody for a result that is taken", async () => {
	const { path, submissionId } = await stage.aRendering({ taskId: "task-1" });

	await stage.post(path, success);

	expect(alarmsOf(submissionId)).toEqual([]);
});
