import net from "node:net";
import { eventually } from "@reelay/shared/testing/eventually";
import {
	type Behaviour,
	bomb,
	brokenOff,
	endless,
	floods,
	malformed,
	sayAndClose,
} from "@reelay/shared/testing/hostile-receivers";
import { closeAll, portOf } from "@reelay/shared/testing/raw-server";
import { describe, expect, it } from "vitest";
import { bells } from "../journeys/stage.ts";
import {
	aStagedEndpoint,
	oweToEndpoint,
	registerEndpoint,
} from "./endpoint-stage.ts";
import { lasting } from "./length.ts";
import { residentMb } from "./memory.ts";
import { reportFault } from "./report.ts";
import { type FaultStage, openFaultStage } from "./stage.ts";

const hostile: Record<string, Behaviour> = {
	...endless,
	...brokenOff,
	...malformed,
	...floods,
	"is a bomb of gzip": sayAndClose(bomb("gzip")),
	"is a bomb of deflate": sayAndClose(bomb("deflate")),
	"is a bomb of brotli": sayAndClose(bomb("br")),
};
const names = Object.keys(hostile);
// Each holds an attempt for as long as it is allowed to, which is 15 s.
const eventsEach = lasting(10, 2);
const longestMs = 16_000;
// What they may leave behind in a process that has had buffers for all of them: its heap's own ups and downs.
const mostGrowthMb = 100;

describe.each(bells)("rung by %s", (bell) => {
	it(`${names.length} hostile receivers cost bounded time and memory, and harm no other`, {
		timeout: 300_000 + eventsEach * 60_000,
	}, async (test) => {
		const stage = await openFaultStage(bell, { env: { LOG_LEVEL: "warn" } });
		if (stage === null) return test.skip();
		const healthy = await aStagedEndpoint(stage);
		try {
			const endpoints = await registerAll(stage);
			await tellHealthy(stage, healthy, 50);
			const pid = stage.stack.processes.get("worker")?.pid;
			const before = residentMb(pid);
			for (const id of endpoints.values()) {
				await oweToEndpoint(stage, { endpointId: id, count: eventsEach });
			}
			await tellHealthy(stage, healthy, 50);
			let most = 0;
			await eventually(
				async () => {
					most = Math.max(most, residentMb(pid) ?? 0);
					expect(await countOpen(stage)).toBe(0);
				},
				{ timeoutMs: 240_000 + eventsEach * 60_000, everyMs: 500 },
			);
			const after = residentMb(pid);

			const attempts = await stage.sql(
				`select endpoint_id, attempt.outcome, class, duration_ms from attempt join delivery on delivery.id = delivery_id
				where endpoint_id = any($1)`,
				[[...endpoints.values()]],
			);
			expect(attempts).toHaveLength(names.length * eventsEach);
			for (const { duration_ms } of attempts) {
				expect(duration_ms).toBeLessThan(longestMs);
			}
			const failed = attempts.filter(({ outcome }) => outcome !== "delivered");
			expect(failed.filter((one) => one.class === null)).toEqual([]);
			if (before !== null && after !== null) {
				expect(after - before).toBeLessThan(mostGrowthMb);
			}
			await stage.audit([]);
			reportFault({
				row: null,
				fault: `${names.length} hostile receivers, ${eventsEach} events each`,
				bell,
				invariants: "I4 I5 I6 I10",
				recoveryMs: null,
				notes: `worker ${mb(before)} → at most ${mb(most)} → ${mb(after)} MB; ${classesOf(failed)}; ${attempts.length - failed.length} delivered all the same`,
			});
		} finally {
			await stage.close();
			await closeAll();
			await healthy.receiver.close();
		}
	});
});

/** One endpoint at each of them; an attempt that fails is the last. */
async function registerAll(stage: FaultStage): Promise<Map<string, string>> {
	const ids = new Map<string, string>();
	for (const [name, behave] of Object.entries(hostile)) {
		const server = net.createServer((socket) => {
			socket.once("data", () => behave(socket));
		});
		const url = `http://127.0.0.1:${await portOf(server)}/`;
		const body = { url, schedule_s: [0], concurrency: 10, description: name };
		ids.set(name, await registerEndpoint(stage, body));
	}
	return ids;
}

/** An endpoint that does nothing wrong is told of so many events, while the others do what they do. */
async function tellHealthy(
	stage: FaultStage,
	{ id, receiver }: Awaited<ReturnType<typeof aStagedEndpoint>>,
	count: number,
): Promise<void> {
	const told = receiver.received.length;
	await oweToEndpoint(stage, { endpointId: id, count });
	await eventually(() => expect(receiver.received).toHaveLength(told + count), {
		timeoutMs: 60_000,
	});
}

/** Deliveries that still may be tried; the breaker of a hostile endpoint spaces its attempts out, so its clock is set on. */
async function countOpen({ sql }: FaultStage): Promise<number> {
	await sql("update endpoint set probe_at = now() where probe_at > now()");
	const [row] = await sql(
		"select count(*)::int as count from delivery where due_at is not null",
	);
	return row?.count ?? Number.NaN;
}

const mb = (value: number | null) => (value === null ? "?" : value.toFixed(0));

function classesOf(attempts: readonly { class: string }[]): string {
	const counts = new Map<string, number>();
	for (const { class: one } of attempts) {
		counts.set(one, (counts.get(one) ?? 0) + 1);
	}
	return [...counts].map(([name, count]) => `${count} ${name}`).join(", ");
}
