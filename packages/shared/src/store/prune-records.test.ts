import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pruneKinds } from "../domain/retention.ts";
import { keepS } from "../testing/aged.ts";
import { aKeyId } from "../testing/budgeted.ts";
import { aJob, anEndpoint, submissionOf } from "../testing/factories.ts";
import { setAside } from "../testing/quarantined.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { insertAudit } from "./audit-log.ts";
import { setBudget } from "./budgets.ts";
import { ensureBootstrapKey, findApiKeyOwner, findKey } from "./keys.ts";
import {
	pruneAudit,
	pruneBudgetPeriods,
	pruneCallbacks,
	pruneKeys,
	pruneReplays,
} from "./prune-records.ts";
import { leavePruneTurn, takePruneTurn } from "./prune-turn.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const all = { afterId: "", keepS };
const oldS = 40 * 86_400;

describe("pruneCallbacks", () => {
	it("removes old callbacks of no submission, and leaves those of one, whatever became of them", async () => {
		const job = await aJob(store, { state: "rendering" });
		const own = await setAside(store, submissionOf(job), { ageS: oldS });
		await setAside(store, "sub_gone", { ageS: oldS });
		const late = await setAside(store, "sub_gone", { body: "late" });

		const { rows } = await pruneCallbacks(store.db, all);

		const left = await store.db.$queryRaw<{ id: bigint }[]>`
			select id from callback order by id`;
		expect(rows).toEqual({ callback: 1 });
		expect(left.map(({ id }) => id)).toEqual([own.number, late.number]);
	});

	it("goes on behind five hundred that stay", async () => {
		const job = await aJob(store, { state: "rendering" });
		await store.db.$executeRaw`
			insert into callback (submission_id, body_sha, body, kind, outcome, received_at)
			select ${submissionOf(job)}, decode(lpad(to_hex(n), 8, '0'), 'hex'), '', 'progress', 'progress',
				now() - interval '40 days' from generate_series(1, 500) as n`;
		await setAside(store, "sub_gone", { ageS: oldS });

		const first = await pruneCallbacks(store.db, all);
		const second = await pruneCallbacks(store.db, {
			afterId: String(first.lastId),
			keepS,
		});

		expect([first.rows.callback, second.rows.callback, second.lastId]).toEqual([
			0,
			1,
			null,
		]);
	});
});

describe("pruneReplays", () => {
	it("removes those that ended long ago, and no open one", async () => {
		const { id } = await anEndpoint(store);
		await store.db.$executeRaw`
			insert into replay (id, tenant_id, endpoint_id, types, states, since, until, after_id, total, state, created_at,
				finished_at)
			select new_id('rpl'), ${store.tenantId}, ${id}, '{}', '{}', now() - interval '1 day', now(), '', 0, state,
				now() - interval '60 days', finished_at
			from (values ('finished', now() - interval '40 days'), ('cancelled', now()), ('paused', null),
				('running', null)) as r (state, finished_at)`;

		const { rows } = await pruneReplays(store.db, all);

		const left = await store.db.$queryRaw<{ state: string }[]>`
			select state from replay order by state`;
		expect(rows).toEqual({ replay: 1 });
		expect(left.map(({ state }) => state)).toEqual([
			"cancelled",
			"paused",
			"running",
		]);
	});
});

describe("pruneAudit", () => {
	it("removes old lines alone", async () => {
		for (const action of ["old", "new"]) {
			await insertAudit(store.db, {
				...{ tenantId: store.tenantId, actor: "a", action, target: "t" },
				data: {},
			});
		}
		await store.db.$executeRaw`
			update audit set at = now() - interval '40 days' where action = 'old'`;

		const { rows } = await pruneAudit(store.db, all);

		const left = await store.db.$queryRaw<unknown[]>`select action from audit`;
		expect(rows).toEqual({ audit: 1 });
		expect(left).toEqual([{ action: "new" }]);
	});
});

describe("pruneKeys", () => {
	const end = (
		id: string,
		column: "revoked_at" | "expires_at",
		days: number,
	) =>
		column === "revoked_at"
			? store.db.$executeRaw`
				update api_key set created_by = 'command', created_at = now() - interval '400 days',
					revoked_at = now() - ${days}::int * interval '1 day' where id = ${id}`
			: store.db.$executeRaw`
				update api_key set created_by = 'command', created_at = now() - interval '400 days',
					expires_at = now() - ${days}::int * interval '1 day' where id = ${id}`;
	const isThere = async (id: string) =>
		(await findKey(store.db, store.tenantId, id)) !== null;

	it("removes those that ended long ago, and no valid one, nor one with a budget", async () => {
		const ids = [];
		for (let n = 0; n < 5; n += 1) ids.push(await aKeyId(store));
		const [revoked, expired, lately, later, budgeted] = ids as string[];
		await end(String(revoked), "revoked_at", 40);
		await end(String(expired), "expires_at", 40);
		await end(String(lately), "revoked_at", 20);
		await end(String(later), "expires_at", -1);
		await end(String(budgeted), "revoked_at", 40);
		await setBudget(
			store.db,
			{
				...{ tenantId: store.tenantId, keyId: String(budgeted) },
				period: "total",
			},
			1,
		);

		await pruneKeys(store.db, all);

		const there = await Promise.all(ids.map(isThere));
		expect(there).toEqual([false, false, true, true, true]);
	});

	it("removes the former of a rotated key, and leaves the one that replaced it", async () => {
		const former = await aKeyId(store);
		const next = await aKeyId(store);
		await store.db
			.$executeRaw`update api_key set rotated_from = ${former} where id = ${next}`;
		await end(former, "expires_at", 40);

		await pruneKeys(store.db, all);

		const left = await findKey(store.db, store.tenantId, next);
		expect([await isThere(former), left?.rotated_from]).toEqual([false, null]);
	});

	it("never forgets that a key from the settings was revoked, which a start would make valid again", async () => {
		const key = {
			tenantId: store.tenantId,
			name: "bootstrap",
			prefix: "rl_boot",
			hash: randomBytes(32),
			scopes: ["admin"],
		};
		await ensureBootstrapKey(store.db, key);
		await store.db.$executeRaw`
			update api_key set created_at = now() - interval '400 days', revoked_at = now() - interval '40 days'
			where name = 'bootstrap'`;

		await pruneKeys(store.db, all);
		await ensureBootstrapKey(store.db, key);

		expect(await findApiKeyOwner(store.db, key.hash)).toBeNull();
	});
});

describe("pruneBudgetPeriods", () => {
	it("removes counters of past periods with their lines, and never that of the present one", async () => {
		for (const period of ["day", "month", "total"] as const) {
			const name = { tenantId: store.tenantId, keyId: null, period };
			await setBudget(store.db, name, 1);
		}
		await store.db.$executeRaw`
			insert into budget_period (budget_id, starts_at)
			select id, budget_start(period, now() - ago) from budget, (values (interval '40 days'), ('80 days')) as past (ago)
			where period <> 'total' on conflict do nothing`;
		await store.db.$executeRaw`
			insert into budget_change (budget_id, starts_at, used, reserved)
			select budget_id, starts_at, 1, 0 from budget_period`;

		const { rows } = await pruneBudgetPeriods(store.db, {
			afterId: "",
			keepS: 0,
		});

		const [left] = await store.db.$queryRaw<unknown[]>`
			select (select count(*)::int from budget_period) as counters, (select count(*)::int from budget_change) as lines`;
		expect(rows).toEqual({ budget_period: 4 });
		expect(left).toEqual({ counters: 3, lines: 3 });
	});
});

describe("the turn", () => {
	const rest = (restMs: number) =>
		({ kind: "events", afterId: "evt_1", restMs }) as const;

	it("is one worker's, of however many ask, until it leaves it", async () => {
		const asked = await Promise.all(
			Array.from({ length: 8 }, () => takePruneTurn(store.db)),
		);
		const [taken] = asked.filter((turn) => turn !== null);
		if (taken === undefined) throw new Error("nobody has the turn");
		await leavePruneTurn(store.db, taken, rest(0));

		const next = await takePruneTurn(store.db);

		expect(asked.filter((turn) => turn !== null)).toHaveLength(1);
		expect(taken).toMatchObject({ kind: pruneKinds[0], afterId: "" });
		expect(next).toMatchObject({ kind: "events", afterId: "evt_1" });
	});

	it("rests for as long as it was told, and is free again when whoever had it died", async () => {
		const dead = await takePruneTurn(store.db);
		const during = await takePruneTurn(store.db);
		await store.db.$executeRaw`update prune_turn set next_at = now()`;
		const again = await takePruneTurn(store.db);
		if (dead === null || again === null) throw new Error("nobody has the turn");
		await leavePruneTurn(store.db, dead, rest(0));
		const late = await takePruneTurn(store.db);
		await leavePruneTurn(store.db, again, rest(60_000));

		expect(during).toBeNull();
		expect(late).toBeNull();
		expect(await takePruneTurn(store.db)).toBeNull();
	});

	it("begins anew where a later release has left a kind that is not known", async () => {
		await store.db
			.$executeRaw`update prune_turn set kind = 'dreams', after_id = 'x'`;

		expect(await takePruneTurn(store.db)).toMatchObject({
			kind: pruneKinds[0],
			afterId: "",
		});
	});
});
