import { setTimeout as delay } from "node:timers/promises";
import { openDatabase } from "@reelay/shared/store/database";
import { rescueLeases } from "@reelay/shared/store/submission-sweeps";
import { claimOne } from "@reelay/shared/testing/claims";
import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	providerBell as bell,
	openProviderStage,
	type ProviderStage,
} from "./provider-stage.ts";
import { reportFault } from "./report.ts";

const blockedMs = 60_000;

/** Runs first in every process of the stack, and concerns the worker: signals step its clock or block its event loop. */
const shim = `
	if (/apps.worker/.test(process.argv[1] ?? "")) {
		const Real = Date;
		const offsets = [2, -2, 0].map((hours) => hours * 3600000);
		let offset = 0;
		globalThis.Date = class Date extends Real {
			constructor(...args) {
				if (args.length === 0) super(Real.now() + offset);
				else super(...args);
			}
			static now() { return Real.now() + offset; }
		};
		process.on("SIGUSR2", () => {
			offset = offsets.shift() ?? 0;
			process.stdout.write(JSON.stringify({ stepped: offset }) + "\\n");
		});
		process.on("SIGWINCH", () => {
			process.stdout.write(JSON.stringify({ blocked: true }) + "\\n");
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${blockedMs});
		});
	}`;

describe("a worker", () => {
	let stage: ProviderStage;
	beforeAll(async () => {
		stage = await openProviderStage({
			NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(shim)}`,
			SUBMIT_TIMEOUT_S: "60",
			SIMULATOR_RENDER_MS: "3000",
		});
	});
	afterAll(async () => stage?.close());

	const signal = (name: NodeJS.Signals) => {
		const worker = stage.stack.processes.get("worker");
		if (worker === undefined) throw new Error("there is no worker");
		process.kill(worker.pid, name);
	};
	// Without an endpoint: a receiver rightly refuses a signature that is two hours old or early.
	const createJobs = (prompt: string, count: number) =>
		Promise.all(
			Array.from({ length: count }, () =>
				stage.createJob({
					input: { prompt, duration: 3 },
					webhook_url: null,
				}),
			),
		);
	const sent = (prompt: string, count: number) =>
		eventually(
			async () =>
				expect((await stage.ledgerOf(prompt)).posts).toHaveLength(count),
			{ timeoutMs: 30_000 },
		);
	const linesOf = async (ids: string[]) =>
		(
			await stage.query(
				"select distinct type from timeline where job_id = any($1) order by type",
				[ids],
			)
		).map(({ type }) => type);

	it("27: whose clock steps by hours while it waits for answers ends no lease early and sends nothing twice", async () => {
		const startedAt = Date.now();
		const ids: string[] = [];
		for (const [step, hours] of [2, -2, 0].entries()) {
			const prompt = `before step ${step}.`;
			ids.push(...(await createJobs(prompt, 4)));
			await sent(prompt, 4);
			signal("SIGUSR2");
			await eventually(() =>
				expect(stage.stack.processes.get("worker")?.lastLines()).toContain(
					JSON.stringify({ stepped: hours * 3_600_000 }),
				),
			);
			ids.push(...(await createJobs(`after step ${step}.`, 4)));
			await stage.reach(ids, "succeeded");
		}

		const { totals } = await stage.simulator("/ledger?limit=0");
		expect(totals).toMatchObject({ posts: 24, charged_posts: 24 });
		expect(await linesOf(ids)).toEqual(["accepted", "submitting", "succeeded"]);
		await stage.audit([]);
		reportFault({
			row: 27,
			fault: "worker's clock steps +2 h, -2 h and back",
			bell,
			invariants: "I1 I2 I4 I9",
			recoveryMs: Date.now() - startedAt,
		});
	});

	it("28: whose event loop is blocked past its leases loses them, and its late word changes nothing", async () => {
		const prompt = "while the loop is blocked.";
		const { posts: before } = (await stage.simulator("/ledger?limit=0")).totals;
		const ids = await createJobs(prompt, 4);
		await sent(prompt, 4);
		signal("SIGWINCH");
		const blockedAt = Date.now();
		await eventually(() =>
			expect(stage.stack.processes.get("worker")?.lastLines()).toContain(
				'{"blocked":true}',
			),
		);

		// Another worker, an hour later: the leases have run out, and it sweeps and looks for work.
		const other = await openDatabase({
			url: stage.stack.databaseUrl,
			applicationName: "reelay-other-worker",
			poolSize: 1,
		});
		await stage.query(
			"update submission set lease_until = now() - interval '1 s' where lease_until is not null and job_id = any($1)",
			[ids],
		);
		const rescued = await rescueLeases(other.db, 100);
		const claimed = await claimOne(other.db, "worker-other");
		await other.close();
		await stage.reach(ids, "succeeded");
		// What must not happen can only be waited for: the loop goes on, and with it what the worker had heard.
		await delay(Math.max(0, blockedAt + blockedMs + 3_000 - Date.now()));
		await eventually(async () => {
			const [more = ""] = await createJobs("after the block.", 1);
			await stage.reach([more], "succeeded");
		});

		expect(rescued).toBe(4);
		expect(claimed).toBeNull();
		expect((await stage.ledgerOf(prompt)).posts).toHaveLength(4);
		const { totals } = await stage.simulator("/ledger?limit=0");
		expect(totals.posts).toBe(before + 5);
		expect(await linesOf(ids)).toContain("unknown");
		await stage.audit([]);
		reportFault({
			row: 28,
			fault: "worker's event loop blocked past its leases",
			bell,
			invariants: "I1 I2 I4 I9",
			recoveryMs: Date.now() - blockedAt,
		});
	});
});
