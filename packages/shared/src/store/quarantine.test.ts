import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { otherTask } from "../domain/callback-record.ts";
import { findViolations } from "../testing/audit.ts";
import { aJob, aTenant, submissionOf } from "../testing/factories.ts";
import { everything } from "../testing/quarantined.ts";
import { anOutput, aReceivedCallback, aSuccess } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { applyReport, type HeardReport } from "./apply-report.ts";
import {
	countQuarantined,
	countQuarantinedAfter,
	findCallback,
	listCallbacksOfJob,
	listQuarantined,
	type QuarantineFilter,
	quarantineCallback,
} from "./callbacks.ts";
import { settleSubmission } from "./settle.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const unreadable = (submissionId: string, reason: string, body = reason) =>
	quarantineCallback(store.db, submissionId, {
		...aReceivedCallback("unreadable", body),
		reason,
	});
const rows = () =>
	store.db.$queryRaw<
		{ kind: string; outcome: string; is_released: boolean }[]
	>`select kind, outcome, released_at is not null as is_released from callback order by id`;
const alarms = (jobId: string) =>
	store.db.$queryRaw<{ data: unknown }[]>`
		select data from timeline where job_id = ${jobId} and type = 'callback_quarantined' order by id`;
const list = async (filter: Partial<QuarantineFilter>) =>
	(
		await listQuarantined(
			store.db,
			{ ...everything, ...filter },
			{ afterId: 0n, limit: 10 },
		)
	).map(({ reason }) => reason);
const heard = (
	submissionId: string,
	kind: "succeeded" | "progress",
	more: Partial<HeardReport> & { taskId?: string } = {},
): HeardReport => ({
	submissionId,
	report: { kind, output: anOutput({ task_id: more.taskId ?? "task-2" }) },
	received: aReceivedCallback(kind, more.received?.body ?? "body"),
	adopts: more.adopts,
});

describe("a callback that is set aside", () => {
	it("is told once by the job's timeline, however often the same bytes come", async () => {
		const job = await aJob(store, { state: "rendering", taskId: "task-1" });
		const id = submissionOf(job);

		const first = await applyReport(store.db, heard(id, "succeeded"));
		const again = await applyReport(store.db, heard(id, "succeeded"));

		expect(first).toMatchObject({
			outcome: "quarantined",
			jobId: job.id,
			reason: otherTask,
		});
		expect(again.outcome).toBe("duplicate");
		expect(await alarms(job.id)).toEqual([
			{
				data: {
					submission: id,
					callback: first.callbackId,
					kind: "succeeded",
					reason: otherTask,
				},
			},
		]);
	});

	it("leaves the quarantine when its bytes are understood the next time, once", async () => {
		const job = await aJob(store, { state: "rendering" });
		const id = submissionOf(job);
		await unreadable(id, "the state is unknown", "body");

		const ends = await Promise.all([
			applyReport(store.db, heard(id, "succeeded")),
			applyReport(store.db, heard(id, "succeeded")),
			applyReport(store.db, heard(id, "succeeded")),
		]);

		expect(ends.map(({ outcome }) => outcome).sort()).toEqual([
			"duplicate",
			"duplicate",
			"settled",
		]);
		expect(await rows()).toEqual([
			{ kind: "succeeded", outcome: "settled", is_released: true },
		]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("says the newer reason when it is read and names another task", async () => {
		const job = await aJob(store, { state: "rendering", taskId: "task-1" });
		const id = submissionOf(job);
		await unreadable(id, "the state is unknown", "body");

		const { outcome } = await applyReport(store.db, heard(id, "succeeded"));

		expect(outcome).toBe("quarantined");
		expect(await list({})).toEqual([otherTask]);
		expect(await alarms(job.id)).toHaveLength(2);
	});

	it("is not set aside again once it has been taken up", async () => {
		const job = await aJob(store, { state: "rendering" });
		const id = submissionOf(job);
		await applyReport(store.db, heard(id, "succeeded"));

		const again = await unreadable(id, "an older parser", "body");

		expect(again.callback_outcome).toBeNull();
		expect((await rows())[0]?.outcome).toBe("settled");
	});
});

describe("progress of another task", () => {
	it("moves nothing, is set aside, and moves it when it is adopted", async () => {
		const job = await aJob(store, { state: "unknown", taskId: "task-1" });
		const id = submissionOf(job);
		const progress = heard(id, "progress");

		const before = await applyReport(store.db, progress);
		const stateBetween = await stateOf(job.id);
		const after = await applyReport(store.db, { ...progress, adopts: true });

		expect(before).toMatchObject({ outcome: "quarantined", reason: otherTask });
		expect(stateBetween).toBe("unknown");
		expect(after.outcome).toBe("progress");
		expect(await stateOf(job.id)).toBe("rendering");
		expect(await findViolations(store.db)).toEqual([]);
	});
});

describe("adopting", () => {
	it("settles by a callback that names another task, and says so in the timeline", async () => {
		const job = await aJob(store, { state: "overdue", taskId: "task-1" });
		const id = submissionOf(job);
		await applyReport(store.db, heard(id, "succeeded"));

		const adopted = await applyReport(store.db, {
			...heard(id, "succeeded"),
			adopts: true,
		});

		expect(adopted).toMatchObject({ outcome: "settled", chargedPoints: 120 });
		expect(await stateOf(job.id)).toBe("succeeded");
		const [line] = await store.db.$queryRaw<{ data: { from: string } }[]>`
			select data from timeline where job_id = ${job.id} and type = 'succeeded'`;
		expect(line?.data.from).toBe("adopted_callback");
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("is surplus where another submission has ended the job", async () => {
		const job = await aJob(store, {
			state: "failed",
			submission: "lapsed",
			taskId: "task-1",
		});

		const adopted = await applyReport(store.db, {
			...heard(submissionOf(job), "succeeded"),
			adopts: true,
		});

		expect(adopted.outcome).toBe("surplus");
		expect(await stateOf(job.id)).toBe("failed");
	});
});

describe("the list of what is set aside", () => {
	it("is narrowed by reason, time, submission, owner, and whether its job still waits", async () => {
		const waiting = await aJob(store, { state: "rendering" });
		const ended = await aJob(store, { state: "rendering" });
		const foreign = await aJob(store, {
			state: "rendering",
			tenantId: await aTenant(store),
		});
		await unreadable(submissionOf(waiting), "success without a URL");
		await unreadable(submissionOf(ended), 'the state "x" is unknown');
		await settleSubmission(store.db, aSuccess(submissionOf(ended)));
		await unreadable(submissionOf(foreign), "no JSON");
		await unreadable("sub_nobody", "nobody's");
		const later = new Date(Date.now() + 3_600_000);

		expect(await list({})).toHaveLength(4);
		expect(await list({ reason: "WITHOUT a" })).toEqual([
			"success without a URL",
		]);
		expect(await list({ reason: "%" })).toEqual([]);
		expect(await list({ tenantId: store.tenantId })).toHaveLength(2);
		expect(await list({ isWaiting: true })).toEqual([
			"success without a URL",
			"no JSON",
		]);
		expect(await list({ submissionId: submissionOf(foreign) })).toEqual([
			"no JSON",
		]);
		expect(await list({ since: later })).toEqual([]);
		expect(await list({ until: later })).toHaveLength(4);
		expect(await countQuarantined(store.db)).toEqual({
			live: 2,
			final: 1,
			none: 1,
		});
	});

	it("goes on after the last one that was seen, and counts what is left", async () => {
		const id = submissionOf(await aJob(store, { state: "rendering" }));
		for (const reason of ["a", "b", "c"]) await unreadable(id, reason);

		const page = await listQuarantined(store.db, everything, {
			afterId: 0n,
			limit: 2,
		});
		const last = page.at(-1)?.id ?? 0n;

		expect(page.map(({ reason }) => reason)).toEqual(["a", "b"]);
		expect(await countQuarantinedAfter(store.db, everything, last)).toBe(1);
	});
});

it("shows a job every callback of every submission, and nobody else's", async () => {
	const job = await aJob(store, { state: "rendering" });
	const other = await aJob(store, { state: "rendering" });
	await unreadable(submissionOf(job), "a");
	await unreadable(submissionOf(other), "b");
	await applyReport(store.db, heard(submissionOf(job), "succeeded"));

	const all = await listCallbacksOfJob(store.db, {
		jobId: job.id,
		afterId: 0n,
		limit: 10,
	});
	const stranger = await aTenant(store);

	expect(all.map(({ outcome }) => outcome)).toEqual(["quarantined", "settled"]);
	const id = all[0]?.id ?? 0n;
	expect(await findCallback(store.db, null, id)).toMatchObject({ id });
	expect(await findCallback(store.db, store.tenantId, id)).not.toBeNull();
	expect(await findCallback(store.db, stranger, id)).toBeNull();
});

async function stateOf(jobId: string): Promise<string | undefined> {
	const found = await store.db.$queryRaw<{ state: string }[]>`
		select state from job where id = ${jobId}`;
	return found[0]?.state;
}
