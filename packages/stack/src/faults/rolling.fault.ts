import { fileURLToPath } from "node:url";
import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { bells } from "../journeys/stage.ts";
import {
	buildEarlier,
	type EarlierBuild,
	migrationsSince,
} from "./earlier-build.ts";
import { startLoad } from "./load.ts";
import { reportFault } from "./report.ts";
import { openRollingScene } from "./rolling-scene.ts";
import type { FaultStage } from "./stage.ts";

declare module "vitest" {
	export interface ProvidedContext {
		/** The commit of the release to come from; the one before the newest migration, if it is empty: ROLLING_FROM. */
		rollingFrom: string;
	}
}

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const patience = { timeoutMs: 180_000, everyMs: 250 };

// So many jobs succeed in each state of the installation before it changes again.
const step = 20;

let earlier: EarlierBuild | null = null;
beforeAll(async () => {
	earlier = await buildEarlier(root, inject("rollingFrom"));
}, 900_000);
afterAll(() => earlier?.remove());

describe.each(bells)(
	"a release that brings a migration, rung by %s",
	(bell) => {
		it("45: goes up, back and up again under load, with workers of both releases and the migration undone between", {
			timeout: 1_200_000,
		}, async (test) => {
			if (earlier === null) return test.skip();
			const lacking = migrationsSince(earlier.root, root);
			expect(lacking).not.toEqual([]);
			const scene = await openRollingScene(bell, root, lacking);
			if (scene === null) return test.skip();
			const { stage } = scene;
			try {
				await scene.start(earlier.root);
				const load = startLoad(stage, { everyMs: 250, prefix: "rolling" });
				await scene.goOn(step);

				await scene.migrate();
				await scene.goOn(step);
				await scene.start(root);
				await scene.goOn(2 * step);
				await scene.stop(earlier.root);
				await scene.goOn(step);

				await scene.start(earlier.root);
				await scene.goOn(2 * step);
				await scene.stop(root);
				await scene.goOn(step);
				await scene.undo();
				await scene.goOn(step);

				await scene.migrate();
				await scene.start(root);
				await scene.goOn(2 * step);
				await scene.stop(earlier.root);
				await scene.goOn(step);

				const ids = await load.stop();
				const endedAt = Date.now();
				const counts = await expectAllPaidOnce(stage, ids);
				reportFault({
					row: 45,
					fault:
						"rolling upgrade, rollback and upgrade, the migration up, down and up, under load",
					bell,
					invariants: "I1 I2 I3 I4 I5 I8 I11",
					recoveryMs: Date.now() - endedAt,
					notes: `${counts}, from ${earlier.commit} over ${lacking.join(", ")}`,
				});
			} finally {
				await scene.close();
			}
		});
	},
);

async function expectAllPaidOnce(stage: FaultStage, ids: readonly string[]) {
	const { sql, receiver } = stage;
	await eventually(async () => {
		const jobs = await sql(
			"select state, count(*)::int as count from job group by state",
		);
		expect(jobs).toEqual([{ state: "succeeded", count: ids.length }]);
		const deliveries = await sql(
			"select state, count(*)::int as count from delivery group by state",
		);
		expect(deliveries).toEqual([{ state: "delivered", count: ids.length }]);
	}, patience);
	expect(new Set(ids).size).toBe(ids.length);
	const told = new Set(receiver.received.map(({ body }) => body.data.id));
	expect(ids.filter((id) => !told.has(id))).toEqual([]);
	// A stop in order leaves no doubt that waiting would have avoided, whatever release it is of.
	const doubts = await sql(
		"select job_id, data from timeline where type = 'unknown'",
	);
	expect(doubts).toEqual([]);
	await stage.audit(ids);
	const { totals } = await stage.simulator("/ledger?limit=1");
	expect(totals).toMatchObject({
		accepted_posts: ids.length,
		charged_posts: ids.length,
	});
	return `${ids.length} jobs, ${totals.charged_posts} charges, 0 lost, 0 unknown`;
}
