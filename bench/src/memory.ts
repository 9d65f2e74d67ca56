/**
 * What a worker holds while much is under way, against the same worker at rest: renders that the provider has
 * acknowledged, calls that it keeps open until the render's end, and jobs that wait. Before it rests it has done as many
 * jobs as will be under way, so that its code is compiled and its heap has grown to what work needs. Resident memory
 * in MB after a collection, the least of several; open files and sockets, and the other processes, stand in the note.
 */
import type { AppName } from "@reelay/stack/entries";
import { closeProvider, insertQueued, untilRungFor } from "./jobs.ts";
import type { Measurement } from "./measurement.ts";
import { collectorFlags, type ProcessSize, sizeOf } from "./process-size.ts";
import { type Provider, planProvider } from "./provider.ts";
import { openRig, type Rig } from "./rig.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { until } from "./until.ts";

const processes = ["worker", "webhook", "api"] as const;
const patienceMs = 600_000;
const foreverMs = 86_400_000;

export const memory: Scenario = {
	name: "memory",
	fills: ["empty"],
	bells: ["redis"],
	measure,
};

type Load = {
	name: string;
	count: number;
	shortCount: number;
	bar?: { most: number };
	/** Brings the jobs under way, and waits until they are. */
	bring(rig: Rig, provider: Provider, count: number): Promise<void>;
};

const loads: Load[] = [
	{
		name: "renders in flight",
		...{ count: 10_000, shortCount: 200, bar: { most: 1.2 } },
		async bring(rig, provider, count) {
			await provider.behave({ answer: "immediate", render_ms: foreverMs });
			await insertQueued(rig, { count });
			await untilInState(rig, "rendering", count);
		},
	},
	{
		name: "blocked calls",
		...{ count: 1_000, shortCount: 50 },
		async bring(rig, provider, count) {
			await provider.behave({ answer: "blocking", render_ms: foreverMs });
			await insertQueued(rig, { count });
			await until(
				"all calls are open",
				async () => (await provider.running()) === count,
				patienceMs,
			);
		},
	},
	{
		name: "queued jobs",
		...{ count: 100_000, shortCount: 500 },
		async bring(rig, _provider, count) {
			await closeProvider(rig);
			await insertQueued(rig, { count });
			await untilRungFor(rig, "-infinity");
		},
	},
];

async function measure(stage: Stage): Promise<Measurement[]> {
	if (process.platform !== "linux") {
		process.stderr.write("SKIPPED: only Linux tells what a process holds.\n");
		return [];
	}
	const measurements: Measurement[] = [];
	for (const load of loads) {
		const measured = await measureLoad(stage, load);
		if (measured !== null) measurements.push(measured);
	}
	return measurements;
}

async function measureLoad(
	{ bell, fill, isShort }: Stage,
	load: Load,
): Promise<Measurement | null> {
	const count = isShort ? load.shortCount : load.count;
	const provider = await planProvider(0);
	const env = { ...provider.env, SUBMIT_CONCURRENCY: "1000" };
	const rig = await openRig(bell, env, { fill, flags: collectorFlags });
	if (rig === null) return null;
	const samples = isShort
		? { count: 3, everyMs: 100 }
		: { count: 5, everyMs: 2_000 };
	try {
		const warming = Math.min(count, 10_000);
		await insertQueued(rig, { count: warming });
		await untilInState(rig, "succeeded", warming);
		const idle = await sizesOf(rig, samples);
		await load.bring(rig, provider, count);
		const busy = await sizesOf(rig, samples);
		const { accepted_posts } = await provider.totals();
		const submitted = load.name === "queued jobs" ? 0 : count;
		return {
			name: `worker with ${count} ${load.name}`,
			...{ bell, fill, unit: "MB" },
			ours: busy.worker.residentMb,
			peer: idle.worker.residentMb,
			peerName: "itself at rest",
			...(load.bar === undefined ? {} : { bar: load.bar }),
			note: describe(idle, busy),
			counters: { double_charged: accepted_posts - warming - submitted },
		};
	} finally {
		await rig.close();
	}
}

async function untilInState(
	rig: Rig,
	state: string,
	count: number,
): Promise<void> {
	await until(
		`${count} jobs are ${state}`,
		async () => {
			const [row] = await rig.sql<{ count: number }>(
				"select count(*)::int as count from job where state = $1",
				[state],
			);
			return row?.count === count;
		},
		patienceMs,
	);
}

type Sizes = Record<(typeof processes)[number], ProcessSize>;

/** All at once, for each takes as long as its samples. */
async function sizesOf(
	rig: Rig,
	samples: { count: number; everyMs: number },
): Promise<Sizes> {
	const pidOf = (name: AppName) => rig.stack.processes.get(name)?.pid ?? 0;
	const sizes = await Promise.all(
		processes.map(async (name) => [name, await sizeOf(pidOf(name), samples)]),
	);
	return Object.fromEntries(sizes) as Sizes;
}

function describe(idle: Sizes, busy: Sizes): string {
	const { worker } = idle;
	const others = processes
		.filter((name) => name !== "worker")
		.map((name) => {
			const [from, to] = [idle[name], busy[name]].map(({ residentMb }) =>
				residentMb.toFixed(0),
			);
			return `${name} ${from} to ${to} MB`;
		});
	return `handles ${worker.handles} to ${busy.worker.handles}; ${others.join("; ")}`;
}
