/** The statements of the store and the model's own steps side by side, under one name each. */
import type { UnknownPolicy } from "../domain/job.ts";
import { insertJob } from "../store/accept.ts";
import type { Database } from "../store/database.ts";
import { applyCancel } from "../store/jobs.ts";
import { expireQueued } from "../store/ready.ts";
import { findUnresolvedSubmission, resubmitJob } from "../store/resolve.ts";
import { settleSubmission } from "../store/settle.ts";
import {
	applyUnknownPolicies,
	lapseOverdue,
	markOverdue,
	rescueLeases,
} from "../store/submission-sweeps.ts";
import {
	acceptSubmission,
	doubtSubmission,
	rejectSubmission,
} from "../store/submissions.ts";
import { claimOne } from "./claims.ts";
import { aNewJob } from "./factories.ts";
import * as model from "./model.ts";
import { aFailure, anError, aReceivedCallback, aSuccess } from "./reports.ts";
import type { TestStore } from "./store.ts";

/** One job in the database, of which the last submission named is meant by a step, and the same one in the model. */
export type Scene = {
	store: TestStore;
	jobId: string;
	/** The submissions in the order of their numbers. */
	submissionIds: string[];
};

export type Step = {
	/** Runs the statement on the submission with this index. */
	run(scene: Scene, index: number): Promise<unknown>;
	/** What it should do. */
	expect(job: model.ModelJob, sub: model.ModelSubmission): void;
	/** It needs no submission, and says by itself which rows it takes. */
	isSweep?: boolean;
};

const idOf = ({ submissionIds }: Scene, index: number) =>
	submissionIds[index] ?? "";
const reject = (db: Database, submissionId: string, returnsBudget: boolean) =>
	rejectSubmission(db, {
		submissionId,
		httpStatus: returnsBudget ? 429 : 503,
		reason: "no",
		delayMs: 0,
		returnsBudget,
		exhausted: anError("provider_error"),
	});
const unresolvedOf = async ({ store, jobId }: Scene) =>
	(await findUnresolvedSubmission(store.db, store.tenantId, jobId)) ?? "";

/** What may be heard of one submission, from the answer or by callback. */
export const reportSteps = {
	accepted: {
		run: (scene, index) =>
			acceptSubmission(scene.store.db, {
				submissionId: idOf(scene, index),
				taskId: null,
				httpStatus: 200,
				callback: null,
			}),
		expect: model.accept,
	},
	progressCallback: {
		run: (scene, index) =>
			acceptSubmission(scene.store.db, {
				submissionId: idOf(scene, index),
				taskId: null,
				httpStatus: null,
				callback: aReceivedCallback("progress"),
			}),
		expect: model.accept,
	},
	lostAnswer: {
		run: (scene, index) =>
			doubtSubmission(scene.store.db, {
				submissionId: idOf(scene, index),
				reason: "lost",
				httpStatus: null,
			}),
		expect: model.doubt,
	},
	rateLimited: {
		run: (scene, index) => reject(scene.store.db, idOf(scene, index), true),
		expect: (job, sub) => model.reject(job, sub, true),
	},
	providerError: {
		run: (scene, index) => reject(scene.store.db, idOf(scene, index), false),
		expect: (job, sub) => model.reject(job, sub, false),
	},
	refused: {
		run: (scene, index) =>
			settleSubmission(
				scene.store.db,
				aFailure(idOf(scene, index), { output: null }),
			),
		expect: (job, sub) => model.fail(job, sub, "no"),
	},
	succeeded: {
		run: (scene, index) =>
			settleSubmission(scene.store.db, aSuccess(idOf(scene, index))),
		expect: model.succeed,
	},
	successCallback: {
		run: (scene, index) =>
			settleSubmission(
				scene.store.db,
				aSuccess(idOf(scene, index), {
					callback: aReceivedCallback("succeeded"),
				}),
			),
		expect: model.succeed,
	},
	failureCallback: {
		run: (scene, index) =>
			settleSubmission(
				scene.store.db,
				aFailure(idOf(scene, index), {
					charged: "possible",
					callback: aReceivedCallback("failed"),
				}),
			),
		expect: (job, sub) => model.fail(job, sub, "possible"),
	},
} as const satisfies Record<string, Step>;

/** What happens to the job, whoever its submission is. */
export const jobSteps = {
	cancel: {
		run: ({ store, jobId }) => applyCancel(store.db, store.tenantId, jobId),
		expect: model.cancel,
	},
	rescue: {
		run: ({ store }) => rescueLeases(store.db, 10),
		expect: model.rescue,
		isSweep: true,
	},
	policies: {
		run: ({ store }) =>
			applyUnknownPolicies(store.db, 10, anError("outcome_unknown")),
		expect: model.applyPolicy,
		isSweep: true,
	},
	overdue: {
		run: ({ store }) => markOverdue(store.db, 10),
		expect: model.fallOverdue,
		isSweep: true,
	},
	lapse: {
		run: ({ store }) => lapseOverdue(store.db, 10, anError("no_result")),
		expect: model.sweepLapse,
		isSweep: true,
	},
	resolveResubmit: {
		run: async (scene) =>
			resubmitJob(scene.store.db, await unresolvedOf(scene)),
		expect: (job) => model.resolve(job, "resubmit"),
	},
	resolveSucceeded: {
		run: async (scene) =>
			settleSubmission(scene.store.db, aSuccess(await unresolvedOf(scene))),
		expect: (job) => model.resolve(job, "succeeded"),
	},
	resolveFailed: {
		run: async (scene) =>
			settleSubmission(
				scene.store.db,
				aFailure(await unresolvedOf(scene), {
					output: null,
					charged: "possible",
				}),
			),
		expect: (job) => model.resolve(job, "failed"),
	},
} as const satisfies Record<string, Step>;

/** What only makes sense one at a time: time passes, and a worker takes the job. */
export const otherSteps = {
	claim: {
		async run({ store, submissionIds }) {
			const claimed = await claimOne(store.db, "w");
			if (claimed !== null) submissionIds.push(claimed.id);
		},
		expect: model.claim,
	},
	leaseIsOver: {
		run: ({ store }) => store.db.$executeRaw`
			update submission set lease_until = now() - interval '1 s' where lease_until is not null`,
		expect: (job) => model.age(job, "lease"),
	},
	resultIsDue: {
		run: ({ store }) => store.db.$executeRaw`
			update submission set callback_due_at = now() where live`,
		expect: (job) => model.age(job, "due"),
	},
	expire: {
		async run({ store }) {
			await store.db.$executeRaw`update job set start_by = now() where ready`;
			await expireQueued(store.db, 10, anError("start_deadline_passed"));
		},
		expect: model.expire,
	},
} as const satisfies Record<string, Step>;

/** All of them. */
export const allSteps: Record<string, Step> = {
	...reportSteps,
	...jobSteps,
	...otherSteps,
};

/** What can be compared: the rows' own words, without ids and instants. */
export type Seen = {
	state: string;
	charged: string;
	budgetUsed: number;
	resubmitted: boolean;
	cancelRequested: boolean;
	hasResult: boolean;
	surplus: number;
	events: string[];
	submissions: string[];
};

const describeSubmission = (state: string, charged: string, late: boolean) =>
	`${state}, charged ${charged}${late ? ", overdue" : ""}`;

/** The job as the database has it. */
export async function readScene({ store, jobId }: Scene): Promise<Seen> {
	const [row] = await store.db.$queryRaw<
		(Omit<Seen, "submissions"> & {
			submissions: { state: string; charged: string; late: boolean }[];
		})[]
	>`
		select state, charged, submissions as "budgetUsed", resubmitted,
			-- A job that was cancelled while queued has the mark as well.
			cancel_requested_at is not null as "cancelRequested", result is not null as "hasResult",
			surplus_results as surplus,
			array(select type from event where job_id = job.id order by created_at, sequence) as events,
			coalesce((select jsonb_agg(jsonb_build_object('state', s.state, 'charged', s.charged,
				'late', s.overdue_at is not null) order by n) from submission s where job_id = job.id), '[]') as submissions
		from job where id = ${jobId}`;
	if (row === undefined) throw new Error("the job is gone");
	return {
		...row,
		submissions: row.submissions.map(({ state, charged, late }) =>
			describeSubmission(state, charged, late),
		),
	};
}

/** The job as the model has it. */
export function readModel(job: model.ModelJob): Seen {
	return {
		state: job.state,
		charged: model.chargeOf(job),
		budgetUsed: job.budgetUsed,
		resubmitted: job.resubmitted,
		cancelRequested: job.cancelRequested,
		hasResult: job.hasResult,
		surplus: job.surplus,
		events: [...job.events],
		submissions: job.submissions.map((sub) =>
			describeSubmission(sub.state, sub.charged, sub.isOverdue),
		),
	};
}

/** A queued job in both worlds. */
export async function openScene(
	store: TestStore,
	job: { policy: UnknownPolicy; maxSubmissions: number },
): Promise<{ scene: Scene; expected: model.ModelJob }> {
	const row = await insertJob(
		store.db,
		aNewJob(store, {
			onUnknown: job.policy,
			maxSubmissions: job.maxSubmissions,
			webhookUrl: "https://example.com/hook",
		}),
	);
	if (row === null) throw new Error("the job was not written");
	return {
		scene: { store, jobId: row.id, submissionIds: [] },
		expected: model.newModelJob(job.policy, job.maxSubmissions),
	};
}
