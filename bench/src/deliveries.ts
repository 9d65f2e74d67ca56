/**
 * Webhook deliveries a second of one worker, each claimed, signed, sent through the guarded connector, logged and
 * committed durably, against bare POSTs of the same bodies to the same receiver, in turn on the same machine.
 */
import { type Child, startChild } from "./child.ts";
import { type Measurement, median } from "./measurement.ts";
import type { Arrivals } from "./receiver.ts";
import { openRig, type Rig } from "./rig.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { until } from "./until.ts";
import { aVideo } from "./video.ts";

const endpoints = 10;
const perEndpoint = 10;
const atOnce = endpoints * perEndpoint;

export const deliveries: Scenario = {
	name: "deliveries",
	fills: ["empty", "filled"],
	bells: ["redis", "postgres"],
	measure,
};

async function measure(stage: Stage): Promise<Measurement[]> {
	const { bell, fill, isShort } = stage;
	const load = isShort
		? { count: 500, rounds: 1 }
		: { count: 5_000, rounds: 3 };
	// As many attempts at once as the bare POSTs have.
	const env = { DELIVER_CONCURRENCY: String(atOnce) };
	const rig = await openRig(bell, env, { fill });
	if (rig === null) return [];
	try {
		const measured = await measureDeliveries(rig, load);
		return [
			{
				name: "webhook deliveries, one worker",
				unit: "a second",
				...{ bell, fill, ...measured },
				peerName: "bare undici POSTs",
				bar: { least: 0.3 },
			},
		];
	} finally {
		await rig.close();
	}
}

async function measureDeliveries(
	rig: Rig,
	{ count, rounds }: { count: number; rounds: number },
): Promise<Pick<Measurement, "ours" | "peer" | "counters" | "note">> {
	const receiver = startChild("receiver");
	const bare = startChild("bare-posts");
	try {
		const url = await receiver.ask<string>("listen");
		const event = await aRealEvent(rig);
		const ids = await makeEndpoints(rig, url);
		const ours: number[] = [];
		const floor: number[] = [];
		const counters = { lost: 0, duplicated: 0 };
		let bytes = 0;
		for (let round = 0; round < rounds; round += 1) {
			const arrivals = await deliver(rig, receiver, { event, ids, count });
			const distinct = new Set(arrivals.ids).size;
			counters.duplicated += arrivals.ids.length - distinct;
			counters.lost += count - distinct;
			ours.push(rateOf(arrivals));
			bytes = Math.round(arrivals.bytes / arrivals.ids.length);
			await bare.ask({ url, body: "x".repeat(bytes), count, atOnce });
			floor.push(rateOf(await receiver.ask<Arrivals>("take")));
		}
		const note = `${bytes} bytes each, ${atOnce} at once`;
		return { ours: median(ours), peer: median(floor), counters, note };
	} finally {
		await Promise.all([receiver.stop(), bare.stop()]);
	}
}

/** The event of one job that succeeds, of which the others are copies: the bodies are as long as a customer's. */
async function aRealEvent(rig: Rig): Promise<string> {
	const job = await rig.api("/v1/jobs", {
		input: aVideo,
		metadata: { order: "4711" },
	});
	let event: { id: string } | undefined;
	await until("a job has succeeded", async () => {
		[event] = await rig.sql<{ id: string }>(
			"select id from event where job_id = $1 and type = 'video.succeeded'",
			[job.id],
		);
		return event !== undefined;
	});
	return event?.id ?? "";
}

async function makeEndpoints(rig: Rig, url: string): Promise<string[]> {
	const ids = [];
	for (let n = 0; n < endpoints; n += 1) {
		const made = await rig.api("/v1/endpoints", {
			url: `${url}${n}`,
			concurrency: perEndpoint,
		});
		ids.push(String(made.id));
	}
	return ids;
}

/** Owes all of it at one instant, and waits until every delivery is committed. */
async function deliver(
	rig: Rig,
	receiver: Child,
	{ event, ids, count }: { event: string; ids: string[]; count: number },
): Promise<Arrivals> {
	await rig.sql(
		`with one as (select * from event where id = $3),
		event_born as (
			insert into event (id, tenant_id, type, snapshot)
			select new_id('evt'), tenant_id, type, snapshot from one, generate_series(1, $2::int) returning id, tenant_id),
		numbered as (select *, row_number() over () as n from event_born)
		insert into delivery (id, event_id, tenant_id, endpoint_id, url, lane)
		select new_id('dlv'), numbered.id, numbered.tenant_id, endpoint.id, endpoint.url, endpoint.id
		from numbered join endpoint on endpoint.id = ($1::text[])[1 + n % cardinality($1::text[])]`,
		[ids, count, event],
	);
	await until("every delivery is committed", async () => {
		const [open] = await rig.sql(
			"select from delivery where due_at is not null limit 1",
		);
		return open === undefined;
	});
	return receiver.ask<Arrivals>("take");
}

/** Between the first tenth and the last: neither the first connections nor the last stragglers are the rate. */
function rateOf({ atMs }: Arrivals): number {
	const sorted = [...atMs].sort((a, b) => a - b);
	const from = Math.floor(sorted.length / 10);
	const to = Math.floor((sorted.length * 9) / 10);
	return ((to - from) * 1000) / ((sorted[to] ?? 0) - (sorted[from] ?? 0));
}
