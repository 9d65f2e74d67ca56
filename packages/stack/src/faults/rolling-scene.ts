import { readFileSync } from "node:fs";
import { join } from "node:path";
import { applyMigrations } from "@reelay/prisma/migrate";
import { eventually } from "@reelay/shared/testing/eventually";
import { expect } from "vitest";
import type { Bell } from "../journeys/stage.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import { type Beside, startBeside } from "./beside.ts";
import { type FaultStage, openFaultStage } from "./stage.ts";

const patience = { timeoutMs: 180_000, everyMs: 250 };

/** An installation whose processes are replaced by those of another release while customers and the provider go on. */
export type RollingScene = {
	stage: FaultStage;
	/** Starts an api, a receiver and two workers from a built repository, beside all that run. */
	start(root: string): Promise<void>;
	/** Stops those of that repository, as an operator does: first no new requests, then SIGTERM. */
	stop(root: string): Promise<void>;
	/** Applies what the database lacks of the newest release. */
	migrate(): Promise<void>;
	/** Undoes that, the newest first, as each down.sql says. */
	undo(): Promise<void>;
	/** Waits until so many jobs more have succeeded, and every worker that runs has submitted one. */
	goOn(jobs: number): Promise<void>;
};

const fleet = ["webhook", "worker", "worker", "api"] as const;

/** Opens it without any process of ours, on a database that lacks these migrations; null where the bell is missing. */
export async function openRollingScene(
	bell: Bell,
	newestRoot: string,
	lacking: readonly string[],
): Promise<(RollingScene & { close(): Promise<void> }) | null> {
	const stage = await openFaultStage(bell, {
		env: { SIMULATOR_RENDER_MS: "700" },
	});
	if (stage === null) return null;
	const running: (Beside & { root: string })[] = [];
	const balancers: { app: "api" | "webhook"; balancer: Balancer }[] = [];
	const route = (leaving = "") => {
		for (const { app, balancer } of balancers) {
			const staying = running.filter(
				(one) => one.app === app && one.root !== leaving,
			);
			balancer.route(staying.map(({ url }) => url));
		}
	};
	const scene: RollingScene = {
		stage,
		async start(root) {
			for (const app of fleet) {
				running.push({ ...(await startBeside(stage, app, { root })), root });
			}
			route();
		},
		async stop(root) {
			route(root);
			const leaving = running.filter((one) => one.root === root);
			for (const { process } of leaving) {
				await process.stop();
				expect(process.lastLines().join("\n")).toContain("process.stopped");
			}
			for (const one of leaving) running.splice(running.indexOf(one), 1);
		},
		async migrate() {
			const { applied } = await applyMigrations({
				url: stage.stack.databaseUrl,
			});
			expect(applied).toEqual(lacking);
		},
		async undo() {
			for (const name of [...lacking].reverse()) {
				const folder = join(newestRoot, "prisma/migrations", name);
				const down = readFileSync(join(folder, "down.sql"), "utf8");
				// A deadlock with what runs beside it undoes the whole of it, and the operator runs it again.
				await eventually(() => stage.sql(down), patience);
			}
		},
		goOn: (jobs) => goOn(stage, running, jobs),
	};
	const close = async () => {
		await Promise.all(running.map(({ process }) => process.stop()));
		await Promise.all(balancers.map(({ balancer }) => balancer.close()));
		await stage.close();
	};
	try {
		for (const app of ["api", "worker", "webhook"] as const) {
			await stage.stack.processes.get(app)?.stop();
		}
		for (const app of ["api", "webhook"] as const) {
			const url = app === "api" ? stage.apiUrl : stage.receiverUrl;
			const balancer = await startBalancer(Number(new URL(url).port));
			balancers.push({ app, balancer });
		}
		await scene.undo();
		return { ...scene, close };
	} catch (error) {
		await close();
		throw error;
	}
}

async function goOn(
	stage: FaultStage,
	running: readonly Beside[],
	jobs: number,
): Promise<void> {
	const before = await countSucceeded(stage);
	const workers = running.filter(({ app }) => app === "worker");
	const submitted = await Promise.all(workers.map(countSubmissions));
	await eventually(async () => {
		expect(await countSucceeded(stage)).toBeGreaterThanOrEqual(before + jobs);
		for (const [n, worker] of workers.entries()) {
			const count = await countSubmissions(worker);
			expect(count).toBeGreaterThan(submitted[n] ?? 0);
		}
	}, patience);
}

async function countSucceeded({ sql }: FaultStage): Promise<number> {
	const [row] = await sql(
		"select count(*)::int as count from job where state = 'succeeded'",
	);
	return row.count;
}

async function countSubmissions({ url }: Beside): Promise<number> {
	const response = await fetch(`${url}/metrics`);
	const lines = (await response.text()).matchAll(
		/^reelay_submissions_total\{[^}]*\} (\d+)/gm,
	);
	return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}
