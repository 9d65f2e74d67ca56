import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bells } from "../journeys/stage.ts";
import { type CrashStage, openCrashStage, patience } from "./crash-stage.ts";
import { reportFault } from "./report.ts";
import { createJobs } from "./stage.ts";
import { type Supervisor, supervise } from "./supervise.ts";

describe.each(bells)("a job that kills the worker, rung by %s", (bell) => {
	let stage: CrashStage | null = null;
	let supervisor: Supervisor | null = null;
	beforeAll(async () => {
		stage = await openCrashStage(bell, ["worker"]);
		if (stage !== null) supervisor = supervise(stage, "worker");
	});
	afterAll(async () => {
		await supervisor?.stop();
		await stage?.close();
	});

	/** Creates a job and does something about it before any worker can see it; others wait behind it. */
	async function createWithOthers(
		{ sql, createJob }: CrashStage,
		body: Record<string, unknown>,
		prepare: (id: string) => void,
	) {
		const setBlock = (until: string) =>
			sql(`update governor set blocked_until = ${until}`);
		await setBlock("now() + interval '1 hour'");
		const id = await createJob(body);
		prepare(id);
		const others = await createJobs(stage as CrashStage, 5);
		await setBlock("null");
		return { id, others };
	}

	/** What an operator finds in the list and by the alarm. */
	async function expectSeen({ api, workerUrl }: CrashStage, id: string) {
		const { body } = await api("/v1/jobs?state=unknown,overdue");
		expect(body.data.map((job: { id: string }) => job.id)).toContain(id);
		await eventually(async () => {
			const metrics = await fetch(`${workerUrl}/metrics`);
			expect(await metrics.text()).toMatch(
				/^reelay_live_jobs\{[^}]*state="overdue"[^}]*\} [1-9]/m,
			);
		}, patience);
	}

	it.each([
		{ policy: "hold", maxDeaths: 1 },
		{ policy: "resubmit_once", maxDeaths: 2 },
	])(
		"42: is sent no more after $maxDeaths death(s) with on_unknown $policy, and holds up no other",
		async ({ policy, maxDeaths }) => {
			if (stage === null) return;
			const { arm, deaths, endLease, endWait, reach } = stage;
			const startedAt = Date.now();
			const { id, others } = await createWithOthers(
				stage,
				{ on_unknown: policy },
				(job) => arm("submit.claimed", job),
			);
			await stage.settle(others);
			for (let n = 1; n <= maxDeaths; n += 1) {
				await eventually(() => expect(deaths()).toBe(n), patience);
				await endLease(id);
				await reach(id, "unknown");
				await endWait(id);
			}
			await reach(id, "overdue");
			const recoveryMs = Date.now() - startedAt;
			await expectSeen(stage, id);

			// The worker has time to come to it again, and does not.
			const later = await createJobs(stage, 3);
			await stage.settle(later);
			expect(deaths()).toBe(maxDeaths);
			expect(await stage.submissions(id)).toHaveLength(maxDeaths);
			expect((await stage.seenByProvider(id)).posts).toEqual([]);

			stage.disarm();
			const resolved = await stage.api(`/v1/jobs/${id}/resolve`, {
				body: { outcome: "failed", note: "it kills every worker" },
			});
			expect(resolved.status).toBe(200);
			await stage.settle([id]);
			await stage.audit([id, ...others, ...later]);
			reportFault({
				row: 42,
				fault: `job kills every worker that claims it, on_unknown ${policy}`,
				bell,
				invariants: "I1 I2 I4 I5 I9",
				recoveryMs,
				notes: `${maxDeaths} death(s), then overdue for an operator; ${others.length + later.length} others done`,
			});
		},
	);

	it("42: of an event that kills the worker the attempts are bounded, and other events are delivered", async () => {
		if (stage === null) return;
		const { arm, deaths, sql } = stage;
		const startedAt = Date.now();
		const { id, others } = await createWithOthers(stage, {}, (job) =>
			arm("delivery.claimed", job),
		);
		/** The lease of the attempt is over, as it is a minute or two after its worker's death. */
		const endAttempt = (set = "") =>
			sql(
				`update delivery set due_at = now() ${set} from event where event.id = event_id and job_id = $1`,
				[id],
			);
		await eventually(() => expect(deaths()).toBe(1), patience);
		await endAttempt();
		await eventually(() => expect(deaths()).toBe(2), patience);
		await sql(
			"update delivery set due_at = now() where state = 'pending' and lease_owner is not null and event_id not in (select id from event where job_id = $1)",
			[id],
		);
		await stage.settle(others);

		await endAttempt(", attempts = 11");
		await eventually(() => expect(deaths()).toBe(3), patience);
		await endAttempt();
		await eventually(async () => {
			const deliveries = await sql(
				"select delivery.state, attempts, last_error from delivery join event on event.id = event_id where job_id = $1",
				[id],
			);
			expect(deliveries).toEqual([
				{
					state: "exhausted",
					attempts: 12,
					last_error: expect.stringContaining("worker_lost"),
				},
			]);
		}, patience);

		expect(deaths()).toBe(3);
		expect((await stage.job(id)).state).toBe("succeeded");
		await stage.audit(others);
		reportFault({
			row: 42,
			fault: "event kills every worker that delivers it",
			bell,
			invariants: "I1 I4 I5 I9",
			recoveryMs: Date.now() - startedAt,
			notes: `3 deaths of 12 (the rest aged), then exhausted; ${others.length} others delivered`,
		});
	});
});
