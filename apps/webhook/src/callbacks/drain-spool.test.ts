import { findViolations } from "@reelay/shared/testing/audit";
import { createGate, type Gate } from "@reelay/shared/testing/gate";
import { watchDatabase } from "@reelay/shared/testing/watch-database";
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	it,
	vi,
} from "vitest";
import { see2ai } from "../providers/see2ai.ts";
import type { Drained } from "../spool.ts";
import { success } from "../testing/bodies.ts";
import { find as findIn } from "../testing/rows.ts";
import {
	keyring,
	type ReceiverStage,
	type Rendering,
	setStage,
} from "../testing/stage.ts";
import { drainSpool, startDraining } from "./drain-spool.ts";

let stage: ReceiverStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(async () => {
	expect(await findViolations(stage.db)).toEqual([]);
	await stage.close();
});

const find = (jobId: string) => findIn(stage, jobId);
const states = async (renderings: readonly Rendering[]) =>
	(await Promise.all(renderings.map(({ jobId }) => find(jobId)))).map(
		({ state }) => state,
	);

/** Renderings whose success is on disk and not in the database. */
async function spooled(count: number): Promise<Rendering[]> {
	const renderings: Rendering[] = [];
	for (let n = 0; n < count; n += 1) {
		const rendering = await stage.aRendering();
		renderings.push(rendering);
		await keep(rendering);
	}
	return renderings;
}

function keep({ submissionId }: Rendering, provider = "see2ai") {
	const body = Buffer.from(JSON.stringify(success));
	const { received } = see2ai(keyring).read(body, submissionId);
	const { bodySha, body: text } = received;
	return stage.deps.spool.keep({ provider, submissionId, bodySha, body: text });
}

/** The stage's deps with a database that fails with `error` when it is asked for the nth time. */
function failingAt(nth: number, error: Error) {
	let asked = 0;
	const db = watchDatabase(stage.deps.db, () => {
		asked += 1;
		if (asked === nth) throw error;
	});
	return { ...stage.deps, db };
}

const cutOff = Object.assign(new Error("cut off"), { code: "ECONNRESET" });
const refusal = Object.assign(new Error("a check failed"), { code: "23514" });

describe("drainSpool", () => {
	it("does nothing while the database is away, and says how many are left", async () => {
		const renderings = await spooled(3);

		stage.network.cut();
		const drainedAway = await drainSpool(stage.deps);
		stage.network.restore();
		const drainedBack = await drainSpool(stage.deps);

		expect([drainedAway, drainedBack]).toEqual([0, 3]);
		expect(stage.log.lines("spool.drainStopped").at(-1)).toMatchObject({
			level: "warn",
			left: 3,
		});
		expect(stage.log.lines("spool.drained").at(-1)).toMatchObject({
			drained: 3,
		});
		expect(await states(renderings)).toEqual(Array(3).fill("succeeded"));
	});

	it("stops where the database went away, and goes on from there", async () => {
		const renderings = await spooled(3);

		const drained = await drainSpool(failingAt(2, cutOff));
		const statesBetween = await states(renderings);
		await drainSpool(stage.deps);

		expect(drained).toBe(1);
		expect(stage.log.lines("spool.drainStopped").at(-1)).toMatchObject({
			left: 2,
		});
		expect(statesBetween).toEqual(["succeeded", "rendering", "rendering"]);
		expect(await states(renderings)).toEqual(Array(3).fill("succeeded"));
	});

	it("goes on after one that Postgres refuses, and keeps it", async () => {
		const renderings = await spooled(3);

		const drained = await drainSpool(failingAt(1, refusal));
		const statesBetween = await states(renderings);
		await drainSpool(stage.deps);

		expect(drained).toBe(2);
		expect(statesBetween).toEqual(["rendering", "succeeded", "succeeded"]);
		expect(stage.log.lines("spool.applyFailed").at(-1)).toMatchObject({
			level: "error",
			submission_id: renderings[0]?.submissionId,
		});
		expect(await states(renderings)).toEqual(Array(3).fill("succeeded"));
	});

	it("keeps what a provider sent that only another receiver knows", async () => {
		const rendering = await stage.aRendering();
		await keep(rendering, "another");
		const [other] = await spooled(1);
		const another = { ...see2ai(keyring), name: "another" };

		const drained = await drainSpool(stage.deps);
		const depth = await stage.deps.spool.depth();
		await drainSpool({ ...stage.deps, providers: [another] });

		expect([drained, depth]).toEqual([1, 1]);
		expect(await find(other?.jobId ?? "")).toMatchObject({
			state: "succeeded",
		});
		expect(await find(rendering.jobId)).toMatchObject({ state: "succeeded" });
		expect(await stage.deps.spool.depth()).toBe(0);
	});

	it("names the files that it set aside", async () => {
		const spool = {
			...stage.deps.spool,
			drain: async () => ({
				drained: 0,
				setAside: ["1.json"],
				failure: null,
			}),
		};

		await drainSpool({ ...stage.deps, spool });

		expect(stage.log.lines("spool.filesSetAside")).toMatchObject([
			{ level: "error", files: ["1.json"] },
		]);
	});

	it("by two receivers at once gives each callback one effect", async () => {
		const renderings = await spooled(20);

		await Promise.all([drainSpool(stage.deps), drainSpool(stage.deps)]);

		for (const { jobId } of renderings) {
			expect(await find(jobId)).toMatchObject({
				state: "succeeded",
				events: ["video.succeeded"],
				callbacks: ["settled"],
			});
		}
		expect(await stage.deps.spool.depth()).toBe(0);
	});
});

describe("startDraining", () => {
	beforeEach(() => {
		vi.useFakeTimers();
	});
	afterEach(() => {
		vi.useRealTimers();
	});

	const ended: Drained = { drained: 0, setAside: [], failure: null };

	/** A spool whose passes end when the test opens their gates. */
	function aHeldSpool() {
		const passes: Gate[] = [];
		const drain = async () => {
			const gate = createGate();
			passes.push(gate);
			await gate.wait();
			return ended;
		};
		return { spool: { ...stage.deps.spool, drain }, passes };
	}

	it("begins a pass only when the one before has ended", async () => {
		const { spool, passes } = aHeldSpool();

		const draining = startDraining({ ...stage.deps, spool }, 100);
		await vi.advanceTimersByTimeAsync(1_000);
		const begunBefore = passes.length;
		passes[0]?.open();
		await vi.advanceTimersByTimeAsync(1_000);

		expect([begunBefore, passes.length]).toEqual([1, 2]);
		passes[1]?.open();
		await draining.stop();
	});

	it("goes on after a pass that failed, and says so", async () => {
		let passes = 0;
		const drain = async () => {
			passes += 1;
			if (passes === 1) throw new Error("the folder is gone");
			return ended;
		};
		const spool = { ...stage.deps.spool, drain };

		const draining = startDraining({ ...stage.deps, spool }, 100);
		await vi.advanceTimersByTimeAsync(200);

		expect(passes).toBe(2);
		expect(stage.log.lines("spool.drainFailed")).toMatchObject([
			{ level: "error" },
		]);
		await draining.stop();
	});

	it("stops when the pass under way has ended, and begins no other", async () => {
		const { spool, passes } = aHeldSpool();
		let hasStopped = false;

		const draining = startDraining({ ...stage.deps, spool }, 100);
		await vi.advanceTimersByTimeAsync(100);
		const stopping = draining.stop().then(() => {
			hasStopped = true;
		});
		await vi.advanceTimersByTimeAsync(1_000);
		const hadStoppedBefore = hasStopped;
		passes[0]?.open();
		await stopping;
		await vi.advanceTimersByTimeAsync(1_000);

		expect(hadStoppedBefore).toBe(false);
		expect(passes).toHaveLength(1);
	});

	it("stops after the callback under way, and leaves the rest", async () => {
		vi.useRealTimers();
		const renderings = await spooled(3);
		const gate = createGate();
		const db = watchDatabase(stage.deps.db, gate.wait);

		const draining = startDraining({ ...stage.deps, db }, 1);
		await gate.reached;
		const stopping = draining.stop();
		gate.open();
		await stopping;
		const statesBetween = await states(renderings);
		await drainSpool(stage.deps);

		expect(statesBetween).toEqual(["succeeded", "rendering", "rendering"]);
		expect(await states(renderings)).toEqual(Array(3).fill("succeeded"));
	});

	it("stops at once while it waits for the next pass", async () => {
		const { spool, passes } = aHeldSpool();

		const draining = startDraining({ ...stage.deps, spool }, 100);
		await draining.stop();
		await vi.advanceTimersByTimeAsync(1_000);

		expect(passes).toEqual([]);
	});
});
