import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EndpointRecord } from "../domain/endpoint-record.ts";
import { findViolations } from "../testing/audit.ts";
import { claimOne } from "../testing/claims.ts";
import {
	aJob,
	aNewJob,
	anEndpoint,
	aTenant,
	submissionOf,
} from "../testing/factories.ts";
import { endJobs } from "../testing/owed.ts";
import { anAttempt, aSuccess } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { insertJob } from "./accept.ts";
import { recordAttempt } from "./attempts.ts";
import {
	type ClaimedDelivery,
	claimDueDeliveries,
	endDeleted,
	holdDisabled,
	releaseHeld,
} from "./deliveries.ts";
import { deleteEndpoint, updateEndpoint } from "./endpoints.ts";
import { settleSubmission } from "./settle.ts";
import { markOverdue } from "./submission-sweeps.ts";
import { acceptSubmission } from "./submissions.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const claim = (limit = 100) => claimDueDeliveries(store.db, "w", limit);
const record = (
	delivery: ClaimedDelivery,
	outcome: "delivered" | "retry",
	nextInMs: number | null = 0,
) => recordAttempt(store.db, anAttempt(delivery, { outcome, nextInMs }));
const statesOf = async () => {
	const rows = await store.db.$queryRaw<{ state: string }[]>`
		select state from delivery order by id`;
	return rows.map(({ state }) => state);
};
const passS = (seconds: number) => store.db.$executeRaw`
	update endpoint set probe_at = probe_at - make_interval(secs => ${seconds}::float8),
		paced_until = paced_until - make_interval(secs => ${seconds}::float8)`;

describe("an event that is born", () => {
	it("is owed to every endpoint of its tenant that asks for it, at the URL it has when it is sent", async () => {
		const all = await anEndpoint(store, { events: ["*"] });
		const some = await anEndpoint(store, { events: ["video.*"] });
		const one = await anEndpoint(store, { events: ["video.succeeded"] });
		await anEndpoint(store, { events: ["video.failed", "webhook.*"] });
		await anEndpoint(store, { tenantId: await aTenant(store) });
		const gone = await anEndpoint(store);
		await deleteEndpoint(store.db, store.tenantId, gone.id);
		const own = { tenantId: store.tenantId, id: one.id };

		const [jobId] = await endJobs(store, 1);
		await updateEndpoint(store.db, own, { url: "https://new.example.com/" });

		const owed = await claim();
		expect(new Set(owed.map(({ endpoint_id }) => endpoint_id))).toEqual(
			new Set([all.id, some.id, one.id]),
		);
		expect(owed.find((some) => some.endpoint_id === one.id)).toMatchObject({
			url: "https://new.example.com/",
			job_id: jobId,
			attempt: 1,
			step: 1,
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("tells of a job on its way only where somebody asks for it, once for each submission", async () => {
		const listener = await anEndpoint(store, { events: ["*"] });
		await anEndpoint(store);
		const typesOf = async () => {
			const rows = await store.db.$queryRaw<{ type: string }[]>`
				select type || ' ' || sequence as type from event order by id`;
			return rows.map(({ type }) => type);
		};
		const job = await insertJob(store.db, aNewJob(store));
		const claimed = await claimOne(store.db, "w");
		const answer = {
			submissionId: claimed?.id ?? "",
			taskId: "task-1",
			httpStatus: 200,
			callback: null,
		};

		await acceptSubmission(store.db, answer);
		await acceptSubmission(store.db, answer);
		await store.db.$executeRaw`update submission set callback_due_at = now()`;
		await markOverdue(store.db, 10);
		await deleteEndpoint(store.db, store.tenantId, listener.id);
		await insertJob(store.db, aNewJob(store));

		expect(await typesOf()).toEqual([
			"video.queued 1",
			"video.rendering 1",
			"video.overdue 1",
		]);
		const owed = await store.db.$queryRaw`
			select distinct endpoint_id, job_id from delivery join event on event.id = event_id`;
		expect(owed).toEqual([{ endpoint_id: listener.id, job_id: job?.id }]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("is owed to the job's own URL beside them, though an endpoint has the same", async () => {
		const { url } = await anEndpoint(store);
		const job = await aJob(store, { state: "rendering", webhookUrl: url });

		await settleSubmission(store.db, aSuccess(submissionOf(job)));

		expect(await claim()).toHaveLength(2);
	});

	it("is held for an endpoint that is disabled, and goes out when it is enabled", async () => {
		const { id } = await anEndpoint(store, { disabled: true });
		await endJobs(store, 2);

		const before = [await statesOf(), await claim()];
		await updateEndpoint(
			store.db,
			{ tenantId: store.tenantId, id },
			{ disabled: false },
		);
		const released = await releaseHeld(store.db, 100);

		expect(before).toEqual([["held", "held"], []]);
		expect(released).toBe(2);
		expect(await claim()).toHaveLength(2);
		expect(await findViolations(store.db)).toEqual([]);
	});
});

describe("a disabled or deleted endpoint", () => {
	it("is sent nothing, and what it was owed is set aside without an attempt", async () => {
		const endpoint = await anEndpoint(store);
		await endJobs(store, 3);
		const own = { tenantId: store.tenantId, id: endpoint.id };
		await updateEndpoint(store.db, own, { disabled: true });

		const claimed = await claim();
		const held = await holdDisabled(store.db, 2);
		const rest = await holdDisabled(store.db, 2);

		expect(claimed).toEqual([]);
		expect([held, rest]).toEqual([2, 1]);
		expect(await statesOf()).toEqual(["held", "held", "held"]);
	});

	it("has what it was owed ended when it is deleted, held or not", async () => {
		const endpoint = await anEndpoint(store);
		const other = await anEndpoint(store, { disabled: true });
		await endJobs(store, 1);
		for (const { id } of [endpoint, other]) {
			await deleteEndpoint(store.db, store.tenantId, id);
		}

		const kept =
			(await holdDisabled(store.db, 10)) + (await releaseHeld(store.db, 10));
		const ended = await endDeleted(store.db, 10);

		expect([kept, ended]).toEqual([0, 2]);
		expect(await statesOf()).toEqual(["aborted", "aborted"]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("leaves an attempt that is under way to its end", async () => {
		const endpoint = await anEndpoint(store);
		await endJobs(store, 1);
		const [delivery] = await claim();
		const own = { tenantId: store.tenantId, id: endpoint.id };
		await updateEndpoint(store.db, own, { disabled: true });

		const held = await holdDisabled(store.db, 10);
		if (delivery) await record(delivery, "delivered");

		expect(held).toBe(0);
		expect(await statesOf()).toEqual(["delivered"]);
	});
});

describe("the places of an endpoint", () => {
	it("are as many as it says, and are its own", async () => {
		const wide = await anEndpoint(store, { concurrency: 5 });
		const narrow = await anEndpoint(store, { concurrency: 1 });
		await endJobs(store, 8);

		const claimed = await claim();

		const countOf = ({ id }: EndpointRecord) =>
			claimed.filter(({ endpoint_id }) => endpoint_id === id).length;
		expect([countOf(wide), countOf(narrow)]).toEqual([5, 1]);
	});

	it("of an ordered one are one, in the order of birth, also while the first waits to be tried again", async () => {
		await anEndpoint(store, { ordered: true, concurrency: 1 });
		const jobs = await endJobs(store, 3);

		const [first] = await claim();
		if (first === undefined) throw new Error("nothing is due");
		const beside = await claim();
		await record(first, "retry", 60_000);
		const behind = await claim();
		await store.db
			.$executeRaw`update delivery set due_at = now() where attempts > 0`;
		const [again] = await claim();
		if (again) await record(again, "delivered");
		const [next] = await claim();

		expect([first.job_id, again?.job_id, next?.job_id]).toEqual([
			jobs[0],
			jobs[0],
			jobs[1],
		]);
		expect([beside, behind]).toEqual([[], []]);
	});

	it("are paced by its rate, exactly, however many workers claim at once", async () => {
		await anEndpoint(store, { ratePerS: 2, concurrency: 50 });
		await endJobs(store, 12);

		const atOnce = (
			await Promise.all([claim(), claim(), claim(), claim()])
		).flat();
		const soon = await claim();
		await passS(1);
		const after = await claim();

		expect([atOnce.length, soon.length, after.length]).toEqual([2, 0, 2]);
	});
});
