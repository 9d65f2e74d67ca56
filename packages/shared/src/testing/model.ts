/**
 * What the store should do to one job, said a second time and without SQL: every statement as a pure step over the job and
 * its submissions. A test runs both side by side and compares what can be seen.
 */
import type { Charge, JobState, UnknownPolicy } from "../domain/job.ts";
import type { SubmissionState } from "../domain/submission.ts";

export type ModelSubmission = {
	state: SubmissionState;
	charged: Charge;
	isOverdue: boolean;
	/** Whether its lease and its due time have passed. */
	leaseIsOver: boolean;
	isDue: boolean;
};

export type ModelJob = {
	state: JobState;
	policy: UnknownPolicy;
	maxSubmissions: number;
	budgetUsed: number;
	resubmitted: boolean;
	cancelRequested: boolean;
	hasResult: boolean;
	surplus: number;
	events: string[];
	submissions: ModelSubmission[];
};

export function newModelJob(
	policy: UnknownPolicy,
	maxSubmissions: number,
): ModelJob {
	return {
		state: "queued",
		policy,
		maxSubmissions,
		budgetUsed: 0,
		resubmitted: false,
		cancelRequested: false,
		hasResult: false,
		surplus: 0,
		events: [],
		submissions: [],
	};
}

const isLive = ({ state }: ModelSubmission) =>
	state === "intent" || state === "accepted" || state === "unknown";
const isJobLive = ({ state }: ModelJob) =>
	["queued", "submitting", "rendering", "unknown", "overdue"].includes(state);
const liveOf = (job: ModelJob) => job.submissions.find(isLive);

/** The worst that its submissions say. */
export function chargeOf(job: ModelJob): Charge {
	const said = job.submissions.map(({ charged }) => charged);
	if (said.includes("yes")) return "yes";
	return said.includes("possible") ? "possible" : "no";
}

function end(job: ModelJob, state: JobState): void {
	job.state = job.cancelRequested ? "cancelled" : state;
	job.events.push(`video.${job.state}`);
}

export function claim(job: ModelJob): void {
	if (job.state !== "queued" || job.budgetUsed >= job.maxSubmissions) return;
	job.state = "submitting";
	job.budgetUsed += 1;
	job.submissions.push({
		state: "intent",
		charged: "possible",
		isOverdue: false,
		leaseIsOver: false,
		isDue: false,
	});
}

export function accept(job: ModelJob, sub: ModelSubmission): void {
	if (sub.state !== "intent" && sub.state !== "unknown") return;
	sub.state = "accepted";
	if (job.state === "submitting" || job.state === "unknown") {
		job.state = "rendering";
	}
}

export function doubt(job: ModelJob, sub: ModelSubmission): void {
	if (sub.state !== "intent") return;
	sub.state = "unknown";
	if (job.state === "submitting") job.state = "unknown";
}

export function reject(
	job: ModelJob,
	sub: ModelSubmission,
	returnsBudget: boolean,
): void {
	if (sub.state !== "intent") return;
	sub.state = "rejected";
	sub.charged = "no";
	if (job.state !== "submitting") return;
	const isSpent = !returnsBudget && job.budgetUsed >= job.maxSubmissions;
	if (returnsBudget) job.budgetUsed -= 1;
	if (job.cancelRequested || isSpent) end(job, "failed");
	else job.state = "queued";
}

export function succeed(job: ModelJob, sub: ModelSubmission): void {
	if (sub.state === "succeeded") return;
	sub.state = "succeeded";
	sub.charged = "yes";
	if (isJobLive(job)) {
		job.hasResult = true;
		end(job, "succeeded");
	} else {
		job.surplus += 1;
		job.events.push("video.surplus_result");
	}
}

export function fail(
	job: ModelJob,
	sub: ModelSubmission,
	charged: Charge,
): void {
	if (!isLive(sub)) return;
	sub.state = "failed";
	sub.charged = charged;
	if (isJobLive(job) && job.state !== "queued") end(job, "failed");
}

export function cancel(job: ModelJob): void {
	if (!isJobLive(job)) return;
	job.cancelRequested = true;
	if (job.state === "queued") end(job, "cancelled");
}

export function expire(job: ModelJob): void {
	if (job.state === "queued") end(job, "expired");
}

export function rescue(job: ModelJob): void {
	for (const sub of job.submissions) if (sub.leaseIsOver) doubt(job, sub);
}

const mayResubmit = (job: ModelJob) =>
	!job.cancelRequested && job.budgetUsed < job.maxSubmissions;

function requeue(job: ModelJob, sub: ModelSubmission): void {
	sub.state = "lapsed";
	job.state = "queued";
}

/** Whether a policy is to end what is unknown, so that nothing else may. */
function hasPolicy(job: ModelJob, sub: ModelSubmission): boolean {
	const resubmits =
		job.policy === "resubmit_once" &&
		!job.resubmitted &&
		job.budgetUsed < job.maxSubmissions;
	return sub.state === "unknown" && (job.policy === "fail" || resubmits);
}

/** The first half of the sweep `overdue`: what the job itself says about a doubt that lasts. */
export function applyPolicy(job: ModelJob): void {
	const sub = liveOf(job);
	if (sub === undefined || !sub.isDue || sub.isOverdue) return;
	if (!hasPolicy(job, sub)) return;
	const isOpen = job.state === "unknown";
	if (isOpen && job.policy === "resubmit_once" && mayResubmit(job)) {
		requeue(job, sub);
		job.resubmitted = true;
		return;
	}
	sub.state = "lapsed";
	if (isOpen) end(job, "failed");
}

/** The second half: what is left falls overdue. */
export function fallOverdue(job: ModelJob): void {
	const sub = liveOf(job);
	if (sub === undefined || !sub.isDue || sub.isOverdue) return;
	if (sub.state === "intent" || hasPolicy(job, sub)) return;
	sub.isOverdue = true;
	sub.isDue = false;
	if (job.state === "rendering" || job.state === "unknown") {
		job.state = "overdue";
	}
}

/** The sweep `lapse`: the grace is over. */
export function sweepLapse(job: ModelJob): void {
	const sub = liveOf(job);
	if (sub === undefined || !sub.isDue || !sub.isOverdue) return;
	sub.state = "lapsed";
	if (isJobLive(job) && job.state !== "queued") end(job, "failed");
}

/** An operator's word, which is heard only while the job is unknown or overdue. */
export function resolve(
	job: ModelJob,
	outcome: "succeeded" | "failed" | "resubmit",
): void {
	const sub = liveOf(job);
	if (sub === undefined) return;
	if (job.state !== "unknown" && job.state !== "overdue") return;
	if (outcome === "succeeded") succeed(job, sub);
	else if (outcome === "failed") fail(job, sub, "possible");
	else if (mayResubmit(job)) requeue(job, sub);
}

/** Time passes for whatever waits: its lease is over, or its result is due. */
export function age(job: ModelJob, what: "lease" | "due"): void {
	for (const sub of job.submissions.filter(isLive)) {
		if (what === "due") sub.isDue = true;
		else if (sub.state === "intent") sub.leaseIsOver = true;
	}
}
