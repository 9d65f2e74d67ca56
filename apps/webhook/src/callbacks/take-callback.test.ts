import { findViolations } from "@reelay/shared/testing/audit";
import { eventually } from "@reelay/shared/testing/eventually";
import { createGate } from "@reelay/shared/testing/gate";
import { watchDatabase } from "@reelay/shared/testing/watch-database";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { see2ai } from "../providers/see2ai.ts";
import { progress, success, videoUrl } from "../testing/bodies.ts";
import { find as findIn } from "../testing/rows.ts";
import { keyring, type ReceiverStage, setStage } from "../testing/stage.ts";
import { drainSpool } from "./drain-spool.ts";
import { takeCallback } from "./take-callback.ts";

let stage: ReceiverStage;
beforeAll(async () => {
	stage = await setStage();
});
beforeEach(() => {
	stage.counted.length = 0;
});
afterAll(async () => {
	expect(await findViolations(stage.db)).toEqual([]);
	await stage.close();
});

const find = (jobId: string) => findIn(stage, jobId);
const provider = see2ai(keyring);
const bodyOf = (report: object) => Buffer.from(JSON.stringify(report));

async function aCallback(report: object = success) {
	const { jobId, submissionId } = await stage.aRendering({
		webhookUrl: "https://hooks.example.com/",
	});
	return { jobId, raw: { provider, submissionId, body: bodyOf(report) } };
}

/** A receiver whose statements wait until they are released, longer than it is ready to wait for them. */
function aSlowReceiver() {
	const gate = createGate();
	const db = watchDatabase(stage.deps.db, gate.wait);
	return { deps: { ...stage.deps, db, commitTimeoutMs: 1 }, gate };
}

const once = {
	state: "succeeded",
	submission_state: "succeeded",
	result: { result_urls: [videoUrl], task_id: "task-1" },
	events: ["video.succeeded"],
	deliveries: 1,
	callbacks: ["settled"],
};

describe("with the database there", () => {
	it("commits, and puts nothing on disk", async () => {
		const { jobId, raw } = await aCallback();

		const where = await takeCallback(stage.deps, raw);

		expect(where).toBe("committed");
		expect(await find(jobId)).toMatchObject(once);
		expect(await stage.deps.spool.depth()).toBe(0);
	});
});

describe("with the database away", () => {
	it("spools, and the drain ends the job once", async () => {
		const { jobId, raw } = await aCallback();

		stage.network.cut();
		const where = await takeCallback(stage.deps, raw);
		stage.network.restore();
		const drained = await drainSpool(stage.deps);

		expect([where, drained]).toEqual(["spooled", 1]);
		expect(await find(jobId)).toMatchObject(once);
		expect(stage.counted).toEqual(["succeeded spooled", "succeeded settled"]);
		expect(stage.log.lines("callback.spooled")).toMatchObject([
			{ level: "warn", submission_id: raw.submissionId, kind: "succeeded" },
		]);
	});

	it("spools the same again, before and after the drain, with one effect", async () => {
		const { jobId, raw } = await aCallback();

		stage.network.cut();
		await takeCallback(stage.deps, raw);
		await takeCallback(stage.deps, raw);
		stage.network.restore();
		const drained = await drainSpool(stage.deps);
		await takeCallback(stage.deps, raw);

		expect(drained).toBe(2);
		expect(await find(jobId)).toMatchObject(once);
		expect(stage.counted.slice(-2)).toEqual([
			"succeeded duplicate",
			"succeeded duplicate",
		]);
	});

	it("spools progress, which changes nothing after an end that came before the drain", async () => {
		const { jobId, raw } = await aCallback(progress);

		stage.network.cut();
		await takeCallback(stage.deps, raw);
		stage.network.restore();
		await takeCallback(stage.deps, { ...raw, body: bodyOf(success) });
		await drainSpool(stage.deps);

		expect(await find(jobId)).toMatchObject({
			...once,
			callbacks: ["settled", "progress"],
		});
	});

	it("spools bytes that nobody can read, and the drain keeps them in quarantine", async () => {
		const { jobId, raw } = await aCallback();
		const body = Buffer.from([0, 255, 254, 0x7b]);

		stage.network.cut();
		await takeCallback(stage.deps, { ...raw, body });
		stage.network.restore();
		await drainSpool(stage.deps);
		await takeCallback(stage.deps, { ...raw, body });

		expect(await find(jobId)).toMatchObject({
			state: "rendering",
			callbacks: ["quarantined"],
		});
		expect(stage.counted.at(-1)).toBe("unreadable duplicate");
	});
});

describe("with a database that takes too long", () => {
	it("spools, and the drain before the late commit leaves it nothing to do", async () => {
		const { jobId, raw } = await aCallback();
		const { deps, gate } = aSlowReceiver();

		const where = await takeCallback(deps, raw);
		await drainSpool(stage.deps);
		gate.open();

		expect(where).toBe("spooled");
		await eventually(() =>
			expect(stage.counted).toEqual([
				"succeeded spooled",
				"succeeded settled",
				"succeeded duplicate",
			]),
		);
		expect(await find(jobId)).toMatchObject(once);
	});

	it("spools, and the late commit leaves the drain nothing to do", async () => {
		const { jobId, raw } = await aCallback();
		const { deps, gate } = aSlowReceiver();

		await takeCallback(deps, raw);
		gate.open();
		await eventually(() =>
			expect(stage.counted).toContain("succeeded settled"),
		);
		const drained = await drainSpool(stage.deps);

		expect(drained).toBe(1);
		expect(stage.counted.at(-1)).toBe("succeeded duplicate");
		expect(await find(jobId)).toMatchObject(once);
	});

	it("spools, and late commits racing the drain make one event each", async () => {
		const callbacks = await Promise.all(
			Array.from({ length: 10 }, () => aCallback()),
		);
		const { deps, gate } = aSlowReceiver();
		await Promise.all(callbacks.map(({ raw }) => takeCallback(deps, raw)));

		gate.open();
		await drainSpool(stage.deps);

		await eventually(() => expect(stage.counted).toHaveLength(30));
		for (const { jobId } of callbacks) {
			expect(await find(jobId)).toMatchObject(once);
		}
	});
});

describe("with database and disk away", () => {
	it("rejects with both causes, keeps nothing, and commits when it is sent again", async () => {
		const { jobId, raw } = await aCallback();

		stage.network.cut();
		await stage.disk.fail();
		const taking = takeCallback(stage.deps, raw);
		await expect(taking).rejects.toMatchObject({
			errors: [expect.any(Error), { code: "ENOTDIR" }],
		});
		await stage.disk.restore();
		stage.network.restore();

		expect(await stage.deps.spool.depth()).toBe(0);
		expect(await find(jobId)).toMatchObject({ state: "rendering" });
		expect(await takeCallback(stage.deps, raw)).toBe("committed");
		expect(await find(jobId)).toMatchObject(once);
	});
});
