import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { anEndpoint } from "../testing/factories.ts";
import { endJobs } from "../testing/owed.ts";
import { anAttempt } from "../testing/reports.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { watchDatabase } from "../testing/watch-database.ts";
import { createAttemptRecorder } from "./attempts-together.ts";
import { type ClaimedDelivery, claimDueDeliveries } from "./deliveries.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const success = { outcome: "delivered", status: 200, nextInMs: null } as const;
const refusal = {
	outcome: "aborted",
	verdict: "none",
	nextInMs: null,
} as const;
const claim = (owner = "w") => claimDueDeliveries(store.db, owner, 100);
const statesNow = async () => {
	const rows = await store.db.$queryRaw<{ id: string; state: string }[]>`
		select id, state from delivery`;
	return new Map(rows.map(({ id, state }) => [id, state]));
};
const endLeases = () =>
	store.db
		.$executeRaw`update delivery set due_at = now() where due_at is not null`;
/** So many deliveries of one endpoint, all under way. */
async function underWay(count: number, url = "https://example.com/hooks") {
	await anEndpoint(store, { concurrency: 50, url });
	await endJobs(store, count);
	return claim();
}
/** A recorder, and the statements that it has sent; the first goes wrong as it is told. */
function counted(onFirst = async () => {}) {
	const statements: string[] = [];
	const record = createAttemptRecorder(
		watchDatabase(store.db, async (sql) => {
			statements.push(sql);
			if (statements.length === 1) await onFirst();
		}),
	);
	return { record, statements };
}
function failWith(code: string) {
	return async () => {
		throw Object.assign(new Error("it failed"), { code });
	};
}

describe("attempts that end at the same moment", () => {
	it("are written in one statement, and each hears of its own", async () => {
		const deliveries = await underWay(6);
		const { record, statements } = counted();

		const states = await Promise.all(
			deliveries.map((delivery, n) =>
				record(anAttempt(delivery, n % 2 === 0 ? success : refusal)),
			),
		);

		expect(statements).toHaveLength(1);
		expect(states).toEqual(
			deliveries.map((_, n) => (n % 2 === 0 ? "delivered" : "aborted")),
		);
		const now = await statesNow();
		expect(deliveries.map(({ id }) => now.get(id))).toEqual(states);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("move nothing for the one whose lease is lost, and log it beside the others", async () => {
		const [slow, ...others] = await underWay(1);
		await endLeases();
		const [fast] = await claim("other");
		await endJobs(store, 2);
		const quick = await claim();
		const { record, statements } = counted();

		const states = await Promise.all(
			[slow, ...quick].map((delivery) =>
				record(
					anAttempt(delivery as ClaimedDelivery, {
						outcome: "retry",
						verdict: "none",
					}),
				),
			),
		);

		expect(others).toEqual([]);
		expect(statements).toHaveLength(1);
		expect(states).toEqual([null, "pending", "pending"]);
		const [row] = await store.db.$queryRaw<unknown[]>`
			select lease_owner, attempts, (select count(*)::int from attempt) as logged
			from delivery where id = ${fast?.id ?? ""}`;
		expect(row).toEqual({ lease_owner: "other", attempts: 2, logged: 3 });
	});

	it("are written each by itself when one of them is refused", async () => {
		const [lost, ...kept] = await underWay(4);
		const { record } = counted();

		const came = await Promise.allSettled([
			record({
				...anAttempt(lost as ClaimedDelivery, success),
				deliveryId: "dlv_gone",
			}),
			...kept.map((delivery) => record(anAttempt(delivery, success))),
		]);

		expect(came.map(({ status }) => status)).toEqual([
			"rejected",
			"fulfilled",
			"fulfilled",
			"fulfilled",
		]);
		const now = await statesNow();
		expect(kept.map(({ id }) => now.get(id))).toEqual(
			kept.map(() => "delivered"),
		);
	});

	it.each(["40P01", "57014"])(
		"are written each by itself after %s, for to write one again changes nothing",
		async (code) => {
			const deliveries = await underWay(3);
			const { record, statements } = counted(failWith(code));

			const states = await Promise.all(
				deliveries.map((delivery) => record(anAttempt(delivery, success))),
			);

			expect(states).toEqual(["delivered", "delivered", "delivered"]);
			expect(statements).toHaveLength(4);
		},
	);

	it("are left to their leases when nobody knows what came of the statement, and go out again with the same events", async () => {
		const deliveries = await underWay(3);
		const { record, statements } = counted(failWith("08006"));

		const came = await Promise.allSettled(
			deliveries.map((delivery) => record(anAttempt(delivery, success))),
		);
		await endLeases();
		const again = await claim("other");

		expect(new Set(came.map(({ status }) => status))).toEqual(
			new Set(["rejected"]),
		);
		expect(statements).toHaveLength(1);
		expect(new Set(again.map(({ event_id }) => event_id))).toEqual(
			new Set(deliveries.map(({ event_id }) => event_id)),
		);
	});

	it("of one delivery are not told in one statement, and the later one decides", async () => {
		const [first] = await underWay(1);
		await endLeases();
		const [second] = await claim();
		const { record, statements } = counted();

		const states = await Promise.all(
			[first, second].map((delivery) =>
				record(anAttempt(delivery as ClaimedDelivery, { verdict: "none" })),
			),
		);

		expect(statements).toHaveLength(2);
		expect(states).toEqual([null, "pending"]);
	});

	it("keep a receiver's half characters and NULs from refusing what it answered", async () => {
		const [delivery] = await underWay(1);
		const { record, statements } = counted();

		const state = await record(
			anAttempt(delivery as ClaimedDelivery, {
				...success,
				excerpt: "fine \u{1F600}, cut \uD83D",
				error: "a \u0000",
			}),
		);

		expect(state).toBe("delivered");
		expect(statements).toHaveLength(1);
		const rows = await store.db.$queryRaw`select excerpt, error from attempt`;
		expect(rows).toEqual([
			{ excerpt: "fine \u{1F600}, cut \uFFFD", error: "a \uFFFD" },
		]);
	});

	it("wait for no endpoint that another's failures wait for", async () => {
		const [first, second] = await underWay(2, "https://example.com/sick");
		const [sick] = await store.db.$queryRaw<{ id: string }[]>`
			select id from endpoint`;
		const lock = await lockRow(store.url, {
			table: "endpoint",
			id: sick?.id ?? "",
		});
		await anEndpoint(store, { url: "https://example.com/well" });
		await endJobs(store, 1);
		const all = await claim();
		const well = all.filter(({ url }) => url.endsWith("well"));
		const { record } = counted();

		const held = [record(anAttempt(first as ClaimedDelivery))];
		await lock.waiters(1);
		held.push(record(anAttempt(second as ClaimedDelivery)));
		await lock.waiters(2);
		const states = await Promise.all(
			well.map((one) => record(anAttempt(one, success))),
		);
		await lock.release();

		expect(states).toEqual(["delivered"]);
		expect(await Promise.all(held)).toEqual(["pending", "pending"]);
	});
});
