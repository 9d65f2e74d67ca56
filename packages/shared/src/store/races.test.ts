/**
 * Everything at once on the same few rows: claims, answers, callbacks, cancels, deliveries and every sweep, a bounded
 * number of times. No statement may fail (a deadlock would), no snapshot taken meanwhile may break an invariant, and once the
 * world is quiet every job must have ended.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findViolations, type Violation } from "../testing/audit.ts";
import { aNewJob } from "../testing/factories.ts";
import {
	aFailure,
	anAttempt,
	anError,
	aReceivedCallback,
	aSuccess,
} from "../testing/reports.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { insertJob } from "./accept.ts";
import { recordAttempt } from "./attempts.ts";
import { claimSubmissions, listUnheardIntents, renewLeases } from "./claim.ts";
import { claimDueDeliveries } from "./deliveries.ts";
import { blockGovernor, closeGovernor, reopenGovernor } from "./governor.ts";
import { applyCancel, pruneIdempotencyKeys } from "./jobs.ts";
import { claimRingsDue, expireQueued } from "./ready.ts";
import { settleSubmission } from "./settle.ts";
import {
	lapseOverdue,
	markOverdue,
	rescueLeases,
} from "./submission-sweeps.ts";
import {
	acceptSubmission,
	doubtSubmission,
	rejectSubmission,
} from "./submissions.ts";

const actors = 16;
const actionsPerActor = 60;
const jobCount = 40;

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 20, concurrency: 12 });
});
afterAll(() => store.close());

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
function createRandom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
	};
}

type World = {
	jobs: string[];
	submissions: string[];
	random: () => number;
	pick: <T>(from: readonly T[]) => T | undefined;
};

function createWorld(seed: number): World {
	const random = createRandom(seed);
	return {
		jobs: [],
		submissions: [],
		random,
		pick: (from) => from[Math.floor(random() * from.length)],
	};
}

async function insertOne({ jobs, random }: World): Promise<void> {
	const webhookUrl = random() < 0.7 ? "https://example.com/hook" : null;
	const idempotencyKey = `key-${Math.floor(random() * 1_000)}`;
	const job = await insertJob(
		store.db,
		aNewJob(store, { webhookUrl, idempotencyKey }),
	);
	if (job !== null) jobs.push(job.id);
}

/** Anything that may be heard of a submission, at any time, from either side. */
function report(world: World, submissionId: string): Promise<unknown> {
	const { pick, random } = world;
	const { db } = store;
	const body = `{"n":${Math.floor(random() * 4)}}`;
	const heard = (kind: string) => ({
		callback: random() < 0.6 ? aReceivedCallback(kind, `${kind}${body}`) : null,
	});
	return (
		pick([
			() => settleSubmission(db, aSuccess(submissionId, heard("succeeded"))),
			() => settleSubmission(db, aFailure(submissionId, heard("failed"))),
			() =>
				acceptSubmission(db, {
					submissionId,
					taskId: null,
					httpStatus: null,
					...heard("progress"),
				}),
			() =>
				doubtSubmission(db, { submissionId, reason: "lost", httpStatus: null }),
			() =>
				rejectSubmission(db, {
					submissionId,
					httpStatus: 503,
					reason: "busy",
					delayMs: 0,
					returnsBudget: random() < 0.5,
					exhausted: anError("provider_error"),
				}),
		])?.() ?? Promise.resolve()
	);
}

async function claimSome({ random, submissions }: World): Promise<void> {
	const worker = `worker-${Math.floor(random() * 3)}`;
	const count = 1 + Math.floor(random() * 4);
	const claimed = await claimSubmissions(store.db, worker, count);
	submissions.push(...claimed.submissions.map(({ id }) => id));
}

async function deliverSome({ random }: World): Promise<void> {
	const owner = `worker-${Math.floor(random() * 3)}`;
	for (const delivery of await claimDueDeliveries(store.db, owner, 3)) {
		const outcome = random() < 0.5 ? "retry" : "delivered";
		const nextInMs = outcome === "retry" && random() < 0.8 ? 0 : null;
		await recordAttempt(store.db, anAttempt(delivery, { outcome, nextInMs }));
	}
}

/** Time passes for one row: its lease, its callback, its start or its delivery is over. */
async function age({ jobs, submissions, pick }: World): Promise<unknown> {
	const [jobId, submissionId] = [pick(jobs) ?? "", pick(submissions) ?? ""];
	return pick([
		() => store.db.$executeRaw`
			update submission set callback_due_at = now() where id = ${submissionId}`,
		() => store.db.$executeRaw`
			update submission set lease_until = now() where id = ${submissionId} and lease_until is not null`,
		() => store.db.$executeRaw`
			update job set hinted_at = null, created_at = created_at - interval '1 day' where id = ${jobId}`,
		() =>
			store.db
				.$executeRaw`update delivery set due_at = now() where due_at is not null`,
	])?.();
}

const sweeps = [
	() => claimRingsDue(store.db, 10),
	() => expireQueued(store.db, 10, anError("start_deadline_passed")),
	() => rescueLeases(store.db, 10),
	() => markOverdue(store.db, 10),
	() => lapseOverdue(store.db, 10, anError("no_result")),
	async () =>
		renewLeases(store.db, await listUnheardIntents(store.db, ["worker-1"])),
	() => pruneIdempotencyKeys(store.db, 10),
	() => blockGovernor(store.db, 5),
	() => closeGovernor(store.db, { reason: "funds", detail: "", probeS: 0 }),
	// Twice, for while it is closed hardly anything is claimed.
	() => reopenGovernor(store.db),
	() => reopenGovernor(store.db),
];

async function actOnce(world: World): Promise<unknown> {
	const { jobs, submissions, pick, random } = world;
	const dice = random();
	if (dice < 0.05) return insertOne(world);
	if (dice < 0.3) return claimSome(world);
	// The youngest submissions are the ones that are most likely alive.
	const submissionId = pick(
		random() < 0.7 ? submissions.slice(-12) : submissions,
	);
	if (dice < 0.6 && submissionId) return report(world, submissionId);
	if (dice < 0.65)
		return applyCancel(store.db, store.tenantId, pick(jobs) ?? "");
	if (dice < 0.72) return deliverSome(world);
	if (dice < 0.82) return age(world);
	return pick(sweeps)?.();
}

/** No more claims: time passes for everything, and the sweeps end what is left. */
async function quiesce(): Promise<void> {
	for (let pass = 0; pass < 4; pass += 1) {
		await store.db.$executeRaw`
			update submission set lease_until = now() - interval '1 s' where lease_until is not null`;
		await rescueLeases(store.db, 1_000);
		await store.db
			.$executeRaw`update submission set callback_due_at = now() where live`;
		await markOverdue(store.db, 1_000);
		await store.db
			.$executeRaw`update submission set callback_due_at = now() where live`;
		await lapseOverdue(store.db, 1_000, anError("no_result"));
		await store.db.$executeRaw`update job set start_by = now() where ready`;
		await expireQueued(store.db, 1_000, anError("start_deadline_passed"));
	}
}

describe("everything at once", () => {
	it("fails no statement, breaks no invariant at any moment, and leaves no job unfinished", async () => {
		const seed = Math.floor(Math.random() * 2 ** 31);
		const world = createWorld(seed);
		for (let n = 0; n < jobCount; n += 1) await insertOne(world);
		const errors: string[] = [];
		const violations: Violation[] = [];
		let acting = actors;
		const act = async () => {
			for (let n = 0; n < actionsPerActor; n += 1) {
				await actOnce(world).catch((error: Error) =>
					errors.push(error.message),
				);
			}
			acting -= 1;
		};
		const auditMeanwhile = async () => {
			while (acting > 0) violations.push(...(await findViolations(store.db)));
		};

		await Promise.all([
			auditMeanwhile(),
			...Array.from({ length: actors }, act),
		]);
		const after = await findViolations(store.db);
		await quiesce();

		expect({ seed, errors, violations, after }).toEqual({
			seed,
			errors: [],
			violations: [],
			after: [],
		});
		const live = await store.db.$queryRaw`select id, state from job where live`;
		expect(live).toEqual([]);
		expect(await findViolations(store.db, { staleAfterS: 3_600 })).toEqual([]);
		expect(world.submissions.length).toBeGreaterThan(10);
	});
});
