import { fileURLToPath } from "node:url";
import { createApiKey, hashApiKey } from "@reelay/shared/signing/api-key";
import { eventually } from "@reelay/shared/testing/eventually";
import { expect, it } from "vitest";
import { startBeside } from "./beside.ts";
import { lasting } from "./length.ts";
import { type Load, startLoad } from "./load.ts";
import { residentMb } from "./memory.ts";
import { reportFault } from "./report.ts";
import { type FaultStage, openFaultStage } from "./stage.ts";
import { followStream, type StreamClient } from "./stream-clients.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const bell = "postgres";
const env = {
	PROVIDER_RATE: "1000/1",
	SIMULATOR_RENDER_MS: "50",
	SIMULATOR_BALANCE: "1000000000",
	MAX_STREAMS_PER_TENANT: "400",
};
const streams = lasting(1_000, 200);
const tenants = 10;
const jobsBefore = lasting(300, 60);
const jobsAfter = lasting(300, 60);
// One job in so many is followed by itself as well.
const followedJob = 5;
const patience = { timeoutMs: 120_000, everyMs: 500 };

type Tenant = { id: string; key: string; clients: StreamClient[] };

it(`${streams} streams at two apis lose and double nothing when one api is killed, and hold up no stop of the other`, {
	timeout: 600_000,
}, async (test) => {
	const stage = await openFaultStage(bell, { env });
	if (stage === null) return test.skip();
	const other = await startBeside(stage, "api", { root });
	const urls = [stage.apiUrl, other.url];
	const everyone: StreamClient[] = [];
	const followed = new Map<string, StreamClient>();
	let load: Load | undefined;
	try {
		const all = await makeTenants(stage);
		const memory = [residentMb(other.process.pid)];
		for (let n = 0; n < streams; n += 1) {
			const tenant = all[n % tenants] as Tenant;
			const path = "/v1/events";
			const client = followStream({ urls, first: n, path, key: tenant.key });
			tenant.clients.push(client);
			everyone.push(client);
		}
		await eventually(() => expect(countOpen(everyone)).toBe(streams), patience);
		memory.push(residentMb(other.process.pid));

		load = startTenantLoad(stage, { all, urls, followed });
		await untilJobs(stage, jobsBefore);
		await stage.stack.processes.get("api")?.kill("SIGKILL");
		const killedAt = Date.now();
		await eventually(() => expect(countOpen(everyone)).toBe(streams), patience);
		const recoveryMs = Date.now() - killedAt;
		await untilJobs(stage, jobsBefore + jobsAfter);
		const ids = await load.stop();
		await untilNoneLives(stage);

		const told = await expectFeeds(stage, all);
		await expectTimelines(stage, followed);
		memory.push(residentMb(other.process.pid));

		const connections = countConnections(everyone);
		for (const client of everyone) client.connectNoMore();
		const stoppedAt = Date.now();
		await other.process.stop();
		const stopMs = Date.now() - stoppedAt;
		expect(other.process.lastLines().join("\n")).toContain("process.stopped");
		expect(everyone.filter((one) => one.endedInOrder() !== 1)).toEqual([]);
		const refusals = everyone.flatMap((client) => client.refusals);
		reportFault({
			row: null,
			fault: `an api killed beside another, ${streams} event streams`,
			bell,
			invariants: "no gap, no double, in order",
			recoveryMs,
			notes: `${ids.length} jobs, ${told} messages of events, ${followed.size} timelines to their ends, ${connections - streams} connections anew, ${refusals.length} of them refused${refusals.length > 0 ? ` with ${[...new Set(refusals)].join()}` : ""}; the other api ${memory.map((mb) => `${Math.round(mb ?? 0)}`).join(" → ")} MB (without streams, with half, with all and the load behind it), stopped in ${stopMs} ms`,
		});
	} finally {
		await load?.stop().catch(() => {});
		for (const client of [...everyone, ...followed.values()]) client.stop();
		await other.process.stop();
		await stage.close();
	}
});

const tenantOf = (all: readonly Tenant[], n: number): Tenant =>
	all[n % tenants] as Tenant;
const countOpen = (clients: readonly StreamClient[]) =>
	clients.filter((client) => client.isOpen()).length;
const countConnections = (clients: readonly StreamClient[]) =>
	clients.reduce((sum, client) => sum + client.connections(), 0);

/** Each with a disabled endpoint that asks for every event, so that jobs on their way are told of as well. */
async function makeTenants(stage: FaultStage): Promise<Tenant[]> {
	const made: Tenant[] = [];
	for (let n = 0; n < tenants; n += 1) {
		const key = createApiKey();
		const [row] = await stage.sql(
			`with born as (insert into tenant (id, name) values (new_id('ten'), $1) returning id),
			known as (insert into api_key (id, tenant_id, name, prefix, hash, scopes)
				select new_id('key'), id, 'test', 'test', $2, '{jobs:read,jobs:write,webhooks}' from born)
			select id from born`,
			[`tenant ${n}`, hashApiKey(key)],
		);
		const answer = await stage.api("/v1/endpoints", {
			headers: { authorization: `Bearer ${key}` },
			body: { url: stage.receiver.url, events: ["*"], disabled: true },
		});
		expect(answer.status).toBe(201);
		made.push({ id: row.id, key, clients: [] });
	}
	return made;
}

/** Jobs of every tenant in turn, created at the api that lives on; some are followed by themselves as well. */
function startTenantLoad(
	stage: FaultStage,
	scene: {
		all: readonly Tenant[];
		urls: readonly string[];
		followed: Map<string, StreamClient>;
	},
): Load {
	const { all, urls, followed } = scene;
	return startLoad(stage, {
		everyMs: 100,
		prefix: "stream",
		request: (n) => ({
			body: {
				input: { prompt: `job ${n}`, duration: 3 },
				webhook_url: null,
				on_unknown: "fail",
				timeout_s: 60,
			},
			apiUrl: urls.at(-1) as string,
			apiKey: tenantOf(all, n).key,
		}),
		async onTaken(n, id) {
			if (n % followedJob !== 0) return;
			const path = `/v1/jobs/${id}/events`;
			const { key } = tenantOf(all, n);
			followed.set(id, followStream({ urls, first: n, path, key }));
		},
	});
}

const untilJobs = (stage: FaultStage, count: number) =>
	eventually(async () => {
		const [row] = await stage.sql(
			"select count(*)::int as count from job where not live",
		);
		expect(row.count).toBeGreaterThanOrEqual(count);
	}, patience);

const untilNoneLives = (stage: FaultStage) =>
	eventually(async () => {
		expect(await stage.sql("select id from job where live")).toEqual([]);
	}, patience);

/** Every client has every event of its tenant once, in the order of the feed; returns how many messages that were. */
async function expectFeeds(
	stage: FaultStage,
	all: readonly Tenant[],
): Promise<number> {
	let messages = 0;
	for (const { id, clients } of all) {
		const rows = await stage.sql(
			"select id from event where tenant_id = $1 order by position, id",
			[id],
		);
		const expected = rows.map((row) => row.id);
		expect(expected.length).toBeGreaterThan(tenants);
		for (const client of clients) {
			await eventually(() => expect(client.ids).toEqual(expected), patience);
			messages += client.ids.length;
		}
	}
	return messages;
}

/** Each followed job was told of from its first entry to its last, and then its end. */
async function expectTimelines(
	stage: FaultStage,
	followed: ReadonlyMap<string, StreamClient>,
): Promise<void> {
	expect(followed.size).toBeGreaterThan(0);
	for (const [id, client] of followed) {
		await client.done;
		const rows = await stage.sql(
			"select id::text from timeline where job_id = $1 order by timeline.id",
			[id],
		);
		expect(client.ids).toEqual(rows.map((row) => row.id));
		expect(client.ends).toHaveLength(1);
	}
}
