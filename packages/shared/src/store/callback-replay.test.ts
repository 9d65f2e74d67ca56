import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { otherTask } from "../domain/callback-record.ts";
import { isFinal, jobStates } from "../domain/job.ts";
import { parseResultHosts } from "../domain/result-url.ts";
import {
	liveSubmissionStates,
	type SubmissionState,
	submissionStates,
} from "../domain/submission.ts";
import { findViolations } from "../testing/audit.ts";
import { aJob, type JobSpec, submissionOf } from "../testing/factories.ts";
import {
	setAside as keep,
	aQuarantined as make,
	replayOrder as order,
	rereadCallback,
	understood,
} from "../testing/quarantined.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { replayCallback } from "./callback-replay.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const failure = { task_id: "task-1", state: "fail", failMsg: "no" };
const progress = { task_id: "task-1", state: "running" };
async function aQuarantined(spec: JobSpec = {}, body?: unknown) {
	return rereadCallback(store, (await make(store, spec, { body })).number);
}
async function setAside(submissionId: string, body?: unknown) {
	return rereadCallback(
		store,
		(await keep(store, submissionId, { body })).number,
	);
}
const audits = () =>
	store.db.$queryRaw`select actor, action, target, data from audit order by id`;
const countOf = async (table: "event" | "delivery") =>
	(
		await store.db.$queryRaw<{ event: number; delivery: number }[]>`
			select (select count(*)::int from event) as event, (select count(*)::int from delivery) as delivery`
	)[0]?.[table];

describe("a replay", () => {
	it("ends the job as a fresh callback would, tells its webhook, and writes down who did it", async () => {
		const callback = await aQuarantined({
			state: "rendering",
			webhookUrl: "https://example.com/hook",
		});

		const replayed = await replayCallback(store.db, callback, order);

		expect(replayed).toMatchObject({
			kind: "succeeded",
			outcome: "settled",
			job_state: "succeeded",
			isApplied: true,
			deliveries: 1,
		});
		expect(await audits()).toEqual([
			{
				actor: "key_1",
				action: "callback.replay",
				target: expect.stringMatching(/^cb_\d{12}$/),
				data: {
					job: callback.job_id,
					submission: callback.submission_id,
					kind: "succeeded",
					was: "the state is unknown",
				},
			},
		]);
		expect(
			(await rereadCallback(store, callback.id)).released_at,
		).not.toBeNull();
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("has one effect, however many order it at once and afterwards", async () => {
		const callback = await aQuarantined({
			state: "overdue",
			webhookUrl: "https://example.com/hook",
		});

		const together = await Promise.all(
			Array.from({ length: 10 }, () =>
				replayCallback(store.db, callback, order),
			),
		);
		const later = await replayCallback(
			store.db,
			await rereadCallback(store, callback.id),
			order,
		);

		expect(together.filter(({ isApplied }) => isApplied)).toHaveLength(1);
		expect(later).toMatchObject({ isApplied: false, outcome: "settled" });
		expect(await countOf("event")).toBe(1);
		expect(await countOf("delivery")).toBe(1);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("leaves what is still not understood as it was, says why, and writes nothing down", async () => {
		const callback = await aQuarantined({ state: "rendering" }, "<html>");

		const replayed = await replayCallback(store.db, callback, order);

		expect(replayed).toMatchObject({
			outcome: "quarantined",
			reason: "it is not JSON",
			isApplied: false,
		});
		expect(await rereadCallback(store, callback.id)).toEqual(callback);
		expect(await audits()).toEqual([]);
	});

	it("takes a result from a host that has been allowed meanwhile", async () => {
		const body = { ...understood, result_urls: ["http://plain.example.com/1"] };
		const callback = await aQuarantined({ state: "rendering" }, body);
		const hosts = parseResultHosts("http://plain.example.com");

		const before = await replayCallback(store.db, callback, order);
		const after = await replayCallback(store.db, callback, { ...order, hosts });

		expect(before.reason).toBe("the URL at plain.example.com is not https");
		expect(after).toMatchObject({ outcome: "settled" });
	});

	it("does not take another task's result, unless it is told to adopt it", async () => {
		const callback = await aQuarantined({
			state: "rendering",
			taskId: "task-0",
		});

		const refused = await replayCallback(store.db, callback, order);
		const adopted = await replayCallback(store.db, callback, {
			...order,
			adopts: true,
		});

		expect(refused).toMatchObject({
			outcome: "quarantined",
			reason: otherTask,
		});
		expect(adopted).toMatchObject({
			outcome: "settled",
			job_state: "succeeded",
		});
		expect(await audits()).toMatchObject([{ action: "callback.adopt" }]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("ends nothing for a submission that is gone", async () => {
		const callback = await setAside("sub_nobody");

		const replayed = await replayCallback(store.db, callback, order);

		expect(replayed).toMatchObject({
			outcome: "ignored",
			reason: "no such submission",
		});
		expect(await audits()).toEqual([]);
	});
});

describe("a dry run", () => {
	const isLive = (submission: SubmissionState) =>
		(liveSubmissionStates as readonly string[]).includes(submission);
	// A job in each state, with each submission that may have ended it or that it waits for, cancelled meanwhile or not.
	const possible: JobSpec[] = jobStates.flatMap((state) =>
		submissionStates
			.filter((submission) => !(isFinal(state) && isLive(submission)))
			.flatMap((submission) =>
				[false, true].map((cancelRequested) => {
					return { state, submission, cancelRequested };
				}),
			),
	);
	it.each([
		["succeeded", understood],
		["failed", failure],
		["progress", progress],
	])(
		"foretells of every job and submission what %s does then, and changes nothing",
		async (_kind, body) => {
			let seen = 0;
			for (const spec of possible) {
				const job = await aJob(store, spec).catch(() => null);
				if (job === null) continue;
				seen += 1;
				const callback = await setAside(submissionOf(job), body);
				const foretold = await replayCallback(store.db, callback, {
					...order,
					isDryRun: true,
				});
				expect(await rereadCallback(store, callback.id)).toEqual(callback);

				const done = await replayCallback(store.db, callback, order);

				const { outcome, reason, job_state } = done;
				expect({ spec, ...foretold }).toMatchObject({
					spec,
					outcome,
					reason,
					job_state,
				});
			}
			expect(seen).toBeGreaterThan(20);
		},
	);

	it("writes nothing down", async () => {
		const callback = await aQuarantined({ state: "rendering" });

		await replayCallback(store.db, callback, { ...order, isDryRun: true });

		expect(await audits()).toEqual([]);
	});
});
