import { eventually } from "@reelay/shared/testing/eventually";
import { createGate } from "@reelay/shared/testing/gate";
import { describe, expect, it } from "vitest";
import { bells } from "../journeys/stage.ts";
import { findFreePort } from "../ports.ts";
import { reportFault } from "./report.ts";
import { expectAllSucceeded } from "./stage.ts";
import { openStatementStage, type StatementStage } from "./statement-stage.ts";

// For each of the three reads more than the api, and the worker, have connections for.
const readersOfEach = 20;

/** The reads that grow with what is there, whoever sends them: a page of jobs, a timeline, the counts of the metrics. */
const slowReads = [
	"order by job.id desc limit",
	"select id, type, data, at from timeline",
	"with live_job as (",
];

const patience = { timeoutMs: 60_000, everyMs: 100 };

describe.each(bells)("reads that hang, rung by %s", (bell) => {
	it("24: hold up no accept, no callback and no worker", async (test) => {
		const workerPort = String(await findFreePort());
		const stage = await openStatementStage(bell, { WORKER_PORT: workerPort });
		if (stage === null) return test.skip();
		try {
			const ids = [await stage.createJob()];
			const hold = holdReads(stage);
			const reading = startReading(stage, {
				jobId: ids[0] ?? "",
				metricsUrl: `http://127.0.0.1:${workerPort}/metrics`,
			});
			// Both have no connection left for reads.
			await eventually(() => {
				expect(hold.waiting("reelay-api")).toBeGreaterThanOrEqual(5);
				expect(hold.waiting("reelay-worker")).toBeGreaterThanOrEqual(1);
			}, patience);

			const startedAt = Date.now();
			let slowestMs = 0;
			while (ids.length <= 30) {
				const askedAt = Date.now();
				ids.push(await stage.createJob());
				slowestMs = Math.max(slowestMs, Date.now() - askedAt);
			}
			await expectToldMeanwhile(stage, ids);
			const heldMs = Date.now() - startedAt;
			const statuses = reading.statuses();

			hold.release();
			await reading.end();
			// No read came through meanwhile.
			for (const status of statuses) expect(status).toBe(503);
			await eventually(async () => {
				const { body } = await stage.api("/v1/jobs?limit=100");
				expect(body.data).toHaveLength(ids.length);
			}, patience);
			await expectAllSucceeded(stage, ids);
			reportFault({
				row: 24,
				fault: `${3 * readersOfEach} readers of lists, timelines and metrics at once, whose reads hang`,
				bell,
				invariants: "I1 I3 I4 I5",
				recoveryMs: null,
				notes: `${ids.length} jobs accepted, ended and told within ${heldMs} ms meanwhile, the slowest accept ${slowestMs} ms`,
			});
		} finally {
			await stage.close();
		}
	});
});

/** From now on no such read comes to an end; tells how many of a process wait. */
function holdReads({ faults }: StatementStage) {
	const gate = createGate();
	const waiting: string[] = [];
	faults.decide(async ({ sql, application }) => {
		if (!slowReads.some((piece) => sql.includes(piece))) return null;
		waiting.push(application);
		await gate.wait();
		return null;
	});
	return {
		waiting: (process: string) =>
			waiting.filter((application) => application.startsWith(process)).length,
		release() {
			faults.decide(null);
			gate.open();
		},
	};
}

/** People who ask again as soon as they have an answer, whatever it is; `statuses` are those of the api so far. */
function startReading(
	{ api }: StatementStage,
	{ jobId, metricsUrl }: { jobId: string; metricsUrl: string },
) {
	const statuses = new Set<number>();
	let isOver = false;
	const repeat = async (ask: () => Promise<unknown>) => {
		while (!isOver) await ask();
	};
	const read = async (path: string) => statuses.add((await api(path)).status);
	const readers = Array.from({ length: readersOfEach }, () => [
		repeat(() => read("/v1/jobs")),
		repeat(() => read(`/v1/jobs/${jobId}/events`)),
		repeat(async () => (await fetch(metricsUrl)).text()),
	]).flat();
	// A failure is thrown by `end`.
	for (const reader of readers) reader.catch(() => {});
	return {
		statuses: () => [...statuses],
		async end() {
			isOver = true;
			await Promise.all(readers);
		},
	};
}

/** By SQL, for who would read it from the api now has to wait. */
async function expectToldMeanwhile(
	{ sql }: StatementStage,
	ids: readonly string[],
) {
	await eventually(async () => {
		const ended = await sql(
			`select job.state, delivery.state as delivery, count(*)::int as count from job
				join event on event.job_id = job.id join delivery on delivery.event_id = event.id group by 1, 2`,
		);
		expect(ended).toEqual([
			{ state: "succeeded", delivery: "delivered", count: ids.length },
		]);
		const [{ count }] = (await sql(
			"select count(*)::int as count from callback where outcome <> 'quarantined'",
		)) as [{ count: number }];
		expect(count).toBe(ids.length);
	}, patience);
}
