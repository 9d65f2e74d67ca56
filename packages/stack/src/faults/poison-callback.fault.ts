import {
	mkdtempSync,
	readdirSync,
	renameSync,
	rmSync,
	utimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@reelay/shared/testing/eventually";
import { describe, expect, it } from "vitest";
import { bells } from "../journeys/stage.ts";
import { callbackOnly, patience } from "./crash-stage.ts";
import { expectCallbacksTaken } from "./outage.ts";
import { startOwnPostgres } from "./own-postgres.ts";
import { reportFault } from "./report.ts";
import {
	createJobs,
	expectAllSucceeded,
	type FaultStage,
	openFaultStage,
} from "./stage.ts";
import { supervise } from "./supervise.ts";

const maxDeaths = 5;

/** A folder for the receiver's spool, whose files a test can look at and make older than they are. */
function makeDataDir() {
	const dataDir = mkdtempSync(join(tmpdir(), "reelay-poison-"));
	const spool = join(dataDir, "spool");
	const list = () => readdirSync(spool);
	return {
		dataDir,
		list,
		/** The leases of what receivers began with and died of are over, as they are after half a minute. */
		endLeases() {
			const longAgo = new Date(Date.now() - 60_000);
			for (const name of list()) {
				if (!name.includes(".try")) continue;
				// It may be renamed this very moment.
				try {
					utimesSync(join(spool, name), longAgo, longAgo);
				} catch {}
			}
		},
		/** As an operator does once the receiver can read it. */
		takeBack(name: string) {
			const file = join(spool, name);
			renameSync(file, file.replace(/\.fatal$/, ""));
		},
		remove: () => rmSync(dataDir, { recursive: true, force: true }),
	};
}

async function submissionOf(stage: FaultStage, jobId: string) {
	const [row] = await stage.sql("select id from submission where job_id = $1", [
		jobId,
	]);
	return row?.id as string;
}

describe.each(bells)(
	"a callback that kills the receiver, rung by %s",
	(bell) => {
		it("42: is set aside after five deaths, and holds up no other", async (test) => {
			const own = await startOwnPostgres();
			const folder = makeDataDir();
			const stage = await openFaultStage(bell, {
				mortal: ["webhook"],
				env: { DATABASE_URL: own.url, DATA_DIR: folder.dataDir },
			});
			if (stage === null) {
				await own.close();
				return test.skip();
			}
			const supervisor = supervise(stage, "webhook");
			try {
				await stage.simulator("/scripts", {
					times: "always",
					behaviour: { ...callbackOnly, render_ms: 5_000 },
				});
				const [deadly = "", ...others] = await createJobs(stage, 4);
				await eventually(async () => {
					for (const id of [deadly, ...others]) {
						expect((await stage.job(id)).state).toBe("rendering");
					}
				}, patience);
				const submission = await submissionOf(stage, deadly);
				await own.stop("fast");
				await expectCallbacksTaken(stage, 4);

				stage.arm("callback.beforeCommit", submission);
				await own.start();
				const backAt = Date.now();
				await stage.settle(others, 120_000);
				const recoveryMs = Date.now() - backAt;
				await eventually(
					() => {
						folder.endLeases();
						expect(folder.list()).toEqual([expect.stringMatching(/\.fatal$/)]);
					},
					{ timeoutMs: 120_000, everyMs: 200 },
				);
				expect(stage.deaths()).toBe(maxDeaths);
				expect((await stage.job(deadly)).state).toBe("rendering");

				// The receiver lives, and after its cure nothing was lost.
				const later = await createJobs(stage, 2);
				await stage.settle(later, 120_000);
				expect(stage.deaths()).toBe(maxDeaths);
				stage.disarm();
				for (const name of folder.list()) folder.takeBack(name);
				await expectAllSucceeded(stage, [deadly, ...others, ...later]);
				reportFault({
					row: 42,
					fault: "spooled callback kills every receiver that applies it",
					bell,
					invariants: "I1 I3 I4 I5",
					recoveryMs,
					notes: `${maxDeaths} deaths, then set aside; applied once it could be; ${others.length + later.length} others done`,
				});
			} finally {
				await supervisor.stop();
				await stage.close();
				await own.close();
				folder.remove();
			}
		});
	},
);
