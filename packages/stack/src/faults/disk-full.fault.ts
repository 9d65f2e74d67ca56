import { eventually } from "@reelay/shared/testing/eventually";
import pg from "pg";
import { describe, expect, inject, it } from "vitest";
import { type Bell, bells } from "../journeys/stage.ts";
import {
	expectCallbacksTaken,
	expectUnavailable,
	retryUntilAccepted,
	spoolDepth,
} from "./outage.ts";
import { type OwnPostgres, startOwnPostgres } from "./own-postgres.ts";
import { createRendering, expectAlive, pidsOf, renderMs } from "./rendering.ts";
import { reportFault } from "./report.ts";
import { mountSmallDisk, type SmallDisk } from "./small-disk.ts";
import {
	expectAllSucceeded,
	type FaultStage,
	openFaultStage,
} from "./stage.ts";

type Scene = { stage: FaultStage; own: OwnPostgres; disk: SmallDisk };

/** A stage on a Postgres and a small disk of the test's own; says so when there can be none. */
async function withSmallDisk(
	{ bell, megabytes }: { bell: Bell; megabytes: number },
	prepare: (own: OwnPostgres, disk: SmallDisk) => Promise<NodeJS.ProcessEnv>,
	play: (scene: Scene) => Promise<void>,
): Promise<"played" | "skipped"> {
	const disk = mountSmallDisk(megabytes);
	if (disk === null) {
		console.warn("SKIPPED: a full disk needs the right to mount a tmpfs.");
		return "skipped";
	}
	const own = await startOwnPostgres();
	let stage: FaultStage | null = null;
	try {
		const env = await prepare(own, disk);
		stage = await openFaultStage(bell, {
			env: {
				...(env as Record<string, string>),
				DATABASE_URL: own.url,
				SIMULATOR_RENDER_MS: String(renderMs),
			},
		});
		if (stage === null) return "skipped";
		await play({ stage, own, disk });
		return "played";
	} finally {
		await stage?.close();
		await own.close();
		disk.unmount();
	}
}

/** Runs statements, each by itself, outside of the database that they may be about. */
async function administer(url: string, ...statements: string[]) {
	const admin = new URL(url);
	admin.pathname = "/postgres";
	const client = new pg.Client({ connectionString: admin.href });
	client.on("error", () => {});
	await client.connect();
	try {
		for (const statement of statements) await client.query(statement);
	} finally {
		await client.end();
	}
}

/** After its panic it stays down until it is started, as under a supervisor that waits for an operator. */
async function putWalOnDisk(own: OwnPostgres, disk: SmallDisk) {
	await administer(own.url, "alter system set restart_after_crash = off");
	await own.moveWal(`${disk.folder}/wal`);
	return {};
}

async function putTablesOnDisk(own: OwnPostgres, { folder }: SmallDisk) {
	const location = `${folder}/tables`;
	own.makeFolder(location);
	await administer(
		own.url,
		`create tablespace small location '${location}'`,
		"alter database reelay set tablespace small",
	);
	return {};
}

/** Writes until the log has no room, of which Postgres dies. */
async function panic({ own, disk }: Scene): Promise<void> {
	await disk.fill();
	const megabyte =
		"select pg_logical_emit_message(false, 'full', repeat('x', 1000000))";
	await expect(
		administer(own.url, ...Array(200).fill(megabyte)),
	).rejects.toThrow();
	await eventually(() =>
		expect(administer(own.url, "select 1")).rejects.toThrow("ECONNREFUSED"),
	);
}

/** Creates jobs until one is refused for want of space; returns those that were accepted. */
async function acceptUntilRefused(stage: FaultStage): Promise<string[]> {
	const ids: string[] = [];
	for (let n = 0; n < 500; n += 1) {
		const { status, body } = await stage.api("/v1/jobs", {
			body: {
				input: { prompt: "until it is full", duration: 3 },
				webhook_url: stage.receiver.url,
			},
			headers: { "idempotency-key": `full-${n}` },
		});
		if (status !== 202) {
			expect({ status, code: body.code }).toEqual({
				status: 503,
				code: "unavailable",
			});
			return ids;
		}
		ids.push(body.id);
	}
	throw new Error("the disk was not full");
}

/** How many callbacks the provider was told are kept nowhere, and how many it was told are. */
async function countCallbackAnswers(stage: FaultStage) {
	const { callbacks } = await stage.simulator("/ledger?limit=1000");
	const having = (status: number) =>
		callbacks.filter(
			(call: { status: number | null }) => call.status === status,
		).length;
	return { kept: having(200), refused: having(503) };
}

const expectDrained = (stage: FaultStage) =>
	eventually(async () => expect(await spoolDepth(stage)).toBe(0), {
		timeoutMs: 60_000,
	});

describe.each(bells)("the disk is full, rung by %s", (bell) => {
	it("25: loses nothing when Postgres dies because its log has no room", async (test) => {
		const outcome = await withSmallDisk(
			{ bell, megabytes: 96 },
			putWalOnDisk,
			async (scene) => {
				const { stage, own, disk } = scene;
				const ids = await createRendering(stage, 6);
				const pids = pidsOf(stage, "api", "worker", "webhook");
				await panic(scene);
				await expectUnavailable(stage, "during");
				await expectCallbacksTaken(stage, 5);
				expect(await spoolDepth(stage)).toBe(5);

				await disk.makeRoom();
				const roomAt = Date.now();
				await own.stop("fast");
				await own.start();
				ids.push(await retryUntilAccepted(stage, "during"));
				await expectDrained(stage);
				await expectAllSucceeded(stage, ids);
				expectAlive(pids);
				reportFault({
					row: 25,
					fault: "disk of Postgres' log full, Postgres dies of it",
					bell,
					invariants: "I1 I2 I3 I4 I5 I8",
					recoveryMs: Date.now() - roomAt,
					notes: "503 until it is started again, 5 callbacks spooled",
				});
			},
		);
		if (outcome === "skipped") test.skip();
	});

	it("25: accepts nothing that it cannot commit when the tables' disk is full", async (test) => {
		const outcome = await withSmallDisk(
			{ bell, megabytes: 64 },
			putTablesOnDisk,
			async ({ stage, disk }) => {
				const ids = await createRendering(stage, 6);
				const pids = pidsOf(stage, "api", "worker", "webhook");
				await disk.fill();
				const squeezedIn = await acceptUntilRefused(stage);
				ids.push(...squeezedIn);
				await expectUnavailable(stage, "during");
				await expectCallbacksTaken(stage, 5);
				const spooled = await spoolDepth(stage);
				expect(spooled).toBeGreaterThan(0);

				await disk.makeRoom();
				const roomAt = Date.now();
				ids.push(await retryUntilAccepted(stage, "during"));
				await expectDrained(stage);
				await expectAllSucceeded(stage, ids);
				expectAlive(pids);
				reportFault({
					row: 25,
					fault: "disk of Postgres' tables full, Postgres refuses writes",
					bell,
					invariants: "I1 I2 I3 I4 I5 I8",
					recoveryMs: Date.now() - roomAt,
					notes: `${squeezedIn.length} accepted into the last pages, then 503; ${spooled} callbacks spooled`,
				});
			},
		);
		if (outcome === "skipped") test.skip();
	});

	it("25: pretends nothing when Postgres is away and the spool's disk is full", async (test) => {
		const outcome = await withSmallDisk(
			{ bell, megabytes: 16 },
			async (_own, { folder }) => ({ DATA_DIR: folder }),
			async ({ stage, own, disk }) => {
				// Some are called back for until they are heard, the others three times within a second.
				await stage.simulator("/scripts", {
					times: 2,
					behaviour: { callback: { max_attempts: 20, retry_delay_ms: 500 } },
				});
				const ids = await createRendering(stage, 6);
				const pids = pidsOf(stage, "api", "worker", "webhook");
				await disk.fill();
				await own.stop("immediate");
				await eventually(
					async () => {
						const { kept, refused } = await countCallbackAnswers(stage);
						expect(kept).toBe(0);
						expect(refused).toBeGreaterThanOrEqual(11);
					},
					{ timeoutMs: 60_000, everyMs: 200 },
				);
				expect(await spoolDepth(stage)).toBe(0);
				const ready = await fetch(`${stage.receiverUrl}/readyz`);
				expect(ready.status).toBe(503);
				expect(await ready.text()).toContain("ENOSPC");

				// With room, and still without Postgres, what is sent again is kept.
				await disk.makeRoom();
				const roomAt = Date.now();
				await eventually(async () => expect(await spoolDepth(stage)).toBe(2), {
					timeoutMs: 60_000,
					everyMs: 200,
				});
				await own.start();
				await expectDrained(stage);
				await expectAllSucceeded(stage, ids);
				expectAlive(pids);
				const { refused } = await countCallbackAnswers(stage);
				reportFault({
					row: 25,
					fault: "spool's disk full while Postgres is away",
					bell,
					invariants: "I1 I2 I3 I4 I5",
					recoveryMs: Date.now() - roomAt,
					notes: `${refused} callbacks answered 503, 2 sent again, the rest known by the answer`,
				});
			},
		);
		if (outcome === "skipped") test.skip();
	});
});

// Where it can be mounted nowhere, nobody would notice that the row is never proven.
it.runIf(inject("isContinuousIntegration"))(
	"25: has a small disk to fill",
	() => {
		const disk = mountSmallDisk(1);
		disk?.unmount();
		expect(disk).not.toBeNull();
	},
);
