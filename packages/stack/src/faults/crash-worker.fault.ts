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

describe.each(bells)("kill -9 of the worker, rung by %s", (bell) => {
	let opened: CrashStage | null = null;
	beforeAll(async () => {
		opened = await openCrashStage(bell, ["worker"]);
	});
	afterAll(async () => opened?.close());

	/** A row of the fault list on the stage that all rows of this bell share. */
	function row(
		n: number,
		{ fault, invariants }: { fault: string; invariants: string },
		run: (stage: CrashStage) => Promise<{ diedAt: number; ids: string[] }>,
	): void {
		it(`${n}: holds when the ${fault}`, async (test) => {
			if (opened === null) return test.skip();
			const { diedAt, ids } = await run(opened);
			const recoveryMs = Date.now() - diedAt;
			await opened.audit(ids);
			reportFault({ row: n, fault, bell, invariants, recoveryMs });
		});
	}

	/** No submission is granted meanwhile, so that a job stays ready. */
	const setBlock = ({ sql }: CrashStage, until: string) =>
		sql(`update governor set blocked_until = ${until}`);

	row(
		4,
		{ fault: "sweep dies between the mark and the rings", invariants: "I1 I9" },
		async (stage) => {
			const { sql, stack } = stage;
			const secondsSinceHint = async (id: string): Promise<number | null> => {
				const [job] = await sql(
					"select extract(epoch from now() - hinted_at)::float8 as age from job where id = $1",
					[id],
				);
				return job?.age;
			};
			await stack.processes.get("worker")?.kill("SIGKILL");
			await setBlock(stage, "now() + interval '1 hour'");
			const id = await stage.createJob();
			await sql("update job set hinted_at = null where id = $1", [id]);
			// It may die before it is ready, which a launch calls a failure.
			const { diedAt } = await stage.dieAt("rings.hinted", () =>
				stack.launch("worker").catch(() => {}),
			);
			expect(await secondsSinceHint(id)).not.toBeNull();

			// The mark is a minute old, and so the job is rung for again.
			await sql(
				"update job set hinted_at = now() - interval '61 s' where id = $1",
				[id],
			);
			await stack.launch("worker");
			await eventually(
				async () => expect(await secondsSinceHint(id)).toBeLessThan(60),
				patience,
			);
			await setBlock(stage, "null");
			await stage.settle([id]);

			return { diedAt, ids: [id] };
		},
	);

	row(
		5,
		{ fault: "worker dies before the claim", invariants: "I1 I7" },
		async (stage) => {
			const { sql, stack } = stage;
			const heldSlots = () =>
				sql("select id from submission where live and overdue_at is null");
			await setBlock(stage, "now() + interval '1 hour'");
			const id = await stage.createJob();
			const { diedAt } = await stage.dieAt("submit.beforeClaim", () =>
				setBlock(stage, "null"),
			);
			expect(await stage.submissions(id)).toEqual([]);
			expect(await heldSlots()).toEqual([]);

			await stack.launch("worker");
			await stage.settle([id]);

			expect(await heldSlots()).toEqual([]);
			return { diedAt, ids: [id] };
		},
	);

	row(
		6,
		{
			fault: "worker dies after the intent, before it connects",
			invariants: "I2 I4 I9",
		},
		async (stage) => {
			const die = (policy: string) =>
				stage.dieAt("submit.claimed", () =>
					stage.createJob({ on_unknown: policy }),
				);
			const doubt = async (id: string) => {
				await stage.stack.launch("worker");
				await stage.endLease(id);
				await stage.reach(id, "unknown");
				await stage.endWait(id);
			};
			const { result: held, diedAt } = await die("hold");
			await doubt(held);
			await stage.reach(held, "overdue");

			const { result: resent } = await die("resubmit_once");
			await doubt(resent);
			await stage.reach(resent, "succeeded");

			// Nothing was ever sent for the first, and the second was sent once, by its second submission.
			expect((await stage.job(held)).state).toBe("overdue");
			expect((await stage.seenByProvider(held)).posts).toEqual([]);
			expect(await stage.submissions(resent)).toMatchObject([
				{ n: 1, state: "lapsed", charged: "possible" },
				{ n: 2, state: "succeeded", charged: "yes" },
			]);
			expect((await stage.seenByProvider(resent)).posts).toHaveLength(1);
			await stage.settle([resent]);
			return { diedAt, ids: [resent] };
		},
	);

	/** The worker is dead and the callback still waits: the outcome is unknown, then the callback ends the job. */
	async function endUnknownByCallback(stage: CrashStage, id: string) {
		await stage.stack.launch("worker");
		await stage.endLease(id);
		await stage.reach(id, "unknown");
	}

	async function checkPaidOnce(stage: CrashStage, id: string) {
		await stage.settle([id]);
		expect((await stage.job(id)).state).toBe("succeeded");
		expect((await stage.seenByProvider(id)).posts).toMatchObject([
			{ accepted: true, charged: true },
		]);
		expect(await stage.submissions(id)).toHaveLength(1);
	}

	row(
		7,
		{
			fault: "worker dies while the provider holds its answer",
			invariants: "I1 I2 I4",
		},
		async (stage) => {
			let diedAt = 0;
			let id = "";
			await stage.simulator("/scripts", {
				times: 1,
				behaviour: { answer: "blocking", callback: callbackOnly.callback },
			});
			await stage.whileFrozen("webhook", async () => {
				id = await stage.createJob();
				await eventually(async () => {
					const { posts } = await stage.seenByProvider(id);
					expect(posts).toMatchObject([{ accepted: true, answered_at: null }]);
				}, patience);
				await stage.stack.processes.get("worker")?.kill("SIGKILL");
				diedAt = Date.now();
				await endUnknownByCallback(stage, id);
			});
			await checkPaidOnce(stage, id);
			return { diedAt, ids: [id] };
		},
	);

	row(
		8,
		{
			fault: "worker dies after the answer, before it is recorded",
			invariants: "I1 I2 I4",
		},
		async (stage) => {
			let diedAt = 0;
			let id = "";
			await stage.simulator("/scripts", { times: 1, behaviour: callbackOnly });
			await stage.whileFrozen("webhook", async () => {
				const death = await stage.dieAt("submit.answered", () =>
					stage.createJob(),
				);
				({ diedAt, result: id } = death);
				await endUnknownByCallback(stage, id);
			});
			await checkPaidOnce(stage, id);
			return { diedAt, ids: [id] };
		},
	);

	row(
		11,
		{
			fault: "worker dies after the customer's 200, before it is recorded",
			invariants: "I4 I5",
		},
		async (stage) => {
			const eventsOf = (id: string) =>
				stage.receiver.received.filter(({ body }) => body.data.id === id);
			const { result: id, diedAt } = await stage.dieAt(
				"delivery.answered",
				() => stage.createJob(),
			);
			expect(eventsOf(id)).toHaveLength(1);

			await stage.stack.launch("worker");
			await stage.sql(
				"update delivery set due_at = now() from event where event.id = event_id and job_id = $1 and state = 'pending'",
				[id],
			);
			await eventually(() => expect(eventsOf(id)).toHaveLength(2), patience);
			await eventually(async () => {
				const deliveries = await stage.sql(
					"select state, attempts from delivery join event on event.id = event_id where job_id = $1",
					[id],
				);
				expect(deliveries).toEqual([{ state: "delivered", attempts: 2 }]);
			}, patience);

			const [first, second] = eventsOf(id);
			expect(second).toMatchObject({ id: first?.id, body: first?.body });
			return { diedAt, ids: [id] };
		},
	);
});
