import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { otherTask } from "@reelay/shared/domain/callback-record";
import { findViolations } from "@reelay/shared/testing/audit";
import {
	aJob,
	aTenant,
	type JobSpec,
	submissionOf,
} from "@reelay/shared/testing/factories";
import {
	aQuarantined as make,
	understood,
} from "@reelay/shared/testing/quarantined";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "@reelay/shared/testing/store";
import { watchDatabase } from "@reelay/shared/testing/watch-database";
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	it,
} from "vitest";
import { see2aiReader } from "../providers/see2ai.ts";
import { openSpool } from "../spool.ts";
import { listAside } from "../spool-aside.ts";
import { success } from "../testing/bodies.ts";
import { readArguments } from "./read-arguments.ts";
import { type ReplayAllDeps, replayAll } from "./replay-all.ts";

let store: TestStore;
let home: string;
let folder: string;
let printed: string[];
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(async () => {
	home = await mkdtemp(join(tmpdir(), "reelay-replay-"));
	folder = join(home, "spool");
	await openSpool(folder);
	printed = [];
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	await clearTestStore(store);
	await rm(home, { recursive: true });
});
afterAll(() => store.close());

const deps = (): ReplayAllDeps => ({
	db: store.db,
	folder,
	readers: [see2aiReader(null)],
	hosts: null,
	actor: "callbacks:replay",
	onFailure: (_id, error) => {
		throw error;
	},
	print: (line) => void printed.push(line),
	now: () => new Date(),
});
const replay = (...given: string[]) => replayAll(deps(), readArguments(given));

const aQuarantined = (spec?: JobSpec, body?: unknown) =>
	make(store, spec, { body });

/** As a drain has left it after five receivers died of it. */
async function aFatalFile(spec: JobSpec = {}, provider = "see2ai") {
	const job = await aJob(store, { state: "rendering", ...spec });
	const submissionId = submissionOf(job);
	const body = JSON.stringify(success);
	const file = {
		v: 1,
		provider,
		submission_id: submissionId,
		body_sha: Buffer.alloc(32, submissionId).toString("base64"),
		body,
	};
	await writeFile(join(folder, `1-${job.id}.json.fatal`), JSON.stringify(file));
	return { jobId: job.id };
}
const stateOf = async (id: string) =>
	(
		await store.db.$queryRaw<{ state: string }[]>`
			select state from job where id = ${id}`
	)[0]?.state;
const audits = () =>
	store.db.$queryRaw`select actor, action, target from audit order by id`;

describe("replaying everything", () => {
	it("takes up what is understood now, of every tenant, and tells of each line by line", async () => {
		const mine = await aQuarantined();
		const foreign = await aQuarantined({ tenantId: await aTenant(store) });
		const unreadable = await aQuarantined({}, "<html>");

		const ended = await replay();

		expect(ended).toEqual({ taken: 2, left: 1 });
		expect(await stateOf(mine.jobId)).toBe("succeeded");
		expect(await stateOf(foreign.jobId)).toBe("succeeded");
		expect(printed).toHaveLength(3);
		expect(printed[0]).toMatch(
			new RegExp(
				`^${mine.id}  sub_\\S+  ${mine.jobId}  0 min  succeeded → settled, job succeeded$`,
			),
		);
		expect(printed[2]).toContain(`${unreadable.id}  `);
		expect(printed[2]).toContain("it is not JSON");
		expect(await audits()).toMatchObject([
			{ actor: "callbacks:replay", action: "callback.replay", target: mine.id },
			{ target: foreign.id },
		]);
		expect(await replay()).toEqual({ taken: 0, left: 1 });
	});

	it("says what it would do, in database and folder, and does nothing", async () => {
		const { jobId } = await aQuarantined();
		const file = await aFatalFile();
		const before = await readdir(folder);

		const ended = await replay("--dry-run");

		expect(ended).toEqual({ taken: 2, left: 0 });
		expect(printed[1]).toContain("fatal → settled");
		expect(await stateOf(jobId)).toBe("rendering");
		expect(await stateOf(file.jobId)).toBe("rendering");
		expect(await readdir(folder)).toEqual(before);
		expect(await audits()).toEqual([]);
	});
});

describe("a file that was set aside", () => {
	it("is applied once, written down, and removed", async () => {
		const { jobId } = await aFatalFile();

		const ended = await replay();

		expect(ended).toEqual({ taken: 1, left: 0 });
		expect(await stateOf(jobId)).toBe("succeeded");
		expect(await readdir(folder)).toEqual([]);
		expect(await audits()).toMatchObject([
			{ target: expect.stringMatching(/\.json\.fatal$/) },
		]);
	});

	it("moves into the database where it names another task", async () => {
		await aFatalFile({ taskId: "task-of-ours" });

		const ended = await replay();

		expect(ended).toEqual({ taken: 0, left: 1 });
		expect(await readdir(folder)).toEqual([]);
		const kept = await store.db.$queryRaw`select reason from callback`;
		expect(kept).toEqual([{ reason: otherTask }]);
	});

	it.each([
		[
			"is no callback",
			async () => writeFile(join(folder, "1.json.unreadable"), "x"),
		],
		["is of a provider that nobody knows", () => aFatalFile({}, "another")],
	])("stays, and is told of, where it %s", async (_how, make) => {
		await make();
		const before = await readdir(folder);

		const ended = await replay();

		expect(ended).toEqual({ taken: 0, left: 1 });
		expect(printed[0]).toContain("→ stays");
		expect(await readdir(folder)).toEqual(before);
	});

	it("stays where Postgres refuses its callback, and holds up no other", async () => {
		await aFatalFile();
		const other = await aFatalFile();
		let settled = 0;
		const db = watchDatabase(store.db, (sql) => {
			if (sql.includes("as settled") && settled++ === 0) throw new Error("no");
		});

		const ended = await replayAll({ ...deps(), db }, readArguments([]));

		expect(ended).toEqual({ taken: 1, left: 1 });
		expect(await stateOf(other.jobId)).toBe("succeeded");
		expect(await listAside(folder)).toHaveLength(1);
	});

	it("is not looked for where there is no folder", async () => {
		const away = { ...deps(), folder: join(home, "nowhere") };

		expect(await replayAll(away, readArguments([]))).toEqual({
			taken: 0,
			left: 0,
		});
	});
});

describe("replaying one", () => {
	it("shows what the provider said, and adopts it when it is told to", async () => {
		const { id, jobId } = await aQuarantined({ taskId: "task-of-ours" });
		const other = await aQuarantined();

		const refused = await replay("--id", id);
		const adopted = await replay("--id", id, "--adopt");

		expect(refused).toEqual({ taken: 0, left: 1 });
		expect(adopted).toEqual({ taken: 1, left: 0 });
		expect(printed[0]).toBe(JSON.stringify(understood));
		expect(await stateOf(jobId)).toBe("succeeded");
		expect(await stateOf(other.jobId)).toBe("rendering");
		expect(await audits()).toMatchObject([{ action: "callback.adopt" }]);
	});

	it("gives a terminal no orders", async () => {
		const { id } = await aQuarantined({}, "\u001b[2J\u202ehello\r\nthere");

		await replay("--id", id);

		expect(printed[0]).toBe("[2J hello there");
	});

	it("rejects an id that there is not", async () => {
		await expect(replay("--id", "cb_000000000000")).rejects.toThrow(
			"There is no callback",
		);
	});
});
