import { Prisma } from "@reelay/prisma/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { budgetBreaks } from "../testing/budget-breaks.ts";
import { endpointBreaks } from "../testing/endpoint-breaks.ts";
import {
	aJob,
	anEndpoint,
	aSubmission,
	submissionOf,
} from "../testing/factories.ts";
import { jobBreaks } from "../testing/job-breaks.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { setBudget } from "./budgets.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

type Run = (id: string) => Promise<unknown>;
type Case = [constraint: string, arrange: () => Promise<string>, write: Run];

const job = (spec: Parameters<typeof aJob>[1]) => async () =>
	(await aJob(store, spec)).id;
const submission = (spec: Parameters<typeof aJob>[1]) => async () =>
	submissionOf(await aJob(store, spec));
const delivery = async () => {
	await aJob(store, { state: "failed", webhookUrl: "https://example.com" });
	return "";
};
const endpoint = async () => {
	const { id } = await anEndpoint(store);
	await store.db.$executeRaw`
		insert into replay (id, tenant_id, endpoint_id, types, states, since, until, after_id, total)
		values ('rpl_1', ${store.tenantId}, ${id}, '{}', '{}', now() - interval '1 h', now(), '', 0)`;
	return delivery();
};
const budget = async () => {
	await setBudget(
		store.db,
		{ tenantId: store.tenantId, keyId: null, period: "day" },
		1,
	);
	return delivery();
};
const governor = async () => "see2ai";

const cases: Case[] = [
	[
		"batch_size",
		async () => "",
		() => store.db.$executeRaw`
		insert into batch (id, tenant_id, fingerprint, size) values ('bat_1', ${store.tenantId}, '', 101)`,
	],
	[
		"tenant_weight_range",
		job({}),
		() => store.db.$executeRaw`update tenant set weight = 0`,
	],
	[
		"tenant_weight_range",
		job({}),
		() => store.db.$executeRaw`update tenant set weight = 1001`,
	],
	[
		"tenant_max_in_flight_range",
		job({}),
		() => store.db.$executeRaw`update tenant set max_in_flight = 0`,
	],
	[
		"submission_one_live_key",
		job({ state: "unknown" }),
		(id) => aSubmission(store, id, { state: "intent" }),
	],
	[
		"submission_job_id_n_key",
		job({ state: "failed" }),
		(id) => store.db.$executeRaw`
		insert into submission (id, job_id, n, lease_until, callback_due_at) values ('sub_2', ${id}, 1, now(), now())`,
	],
	[
		"callback_outcome_known",
		job({}),
		() => store.db.$executeRaw`
		insert into callback (submission_id, body_sha, body, kind, outcome) values ('sub_1', '\\x01', '', 'failed', 'lost')`,
	],
	[
		"callback_released",
		job({}),
		() => store.db.$executeRaw`
		insert into callback (submission_id, body_sha, body, kind, outcome, released_at)
		values ('sub_1', '\\x01', '', 'failed', 'quarantined', now())`,
	],
	[
		"event_job_id_type_sequence_key",
		job({ state: "failed" }),
		(id) => store.db.$executeRaw`
		insert into event (id, tenant_id, job_id, type, snapshot)
		select 'evt_2', tenant_id, id, 'video.failed', '{}' from job where id = ${id}`,
	],
	[
		"delivery_event_target_key",
		delivery,
		() => store.db.$executeRaw`
		insert into delivery (id, event_id, tenant_id, url) select 'dlv_2', event_id, tenant_id, url from delivery`,
	],
	[
		"governor_limits",
		governor,
		() => store.db.$executeRaw`update governor set rate_count = 0`,
	],
	[
		"governor_closed_reason",
		governor,
		() => store.db.$executeRaw`
		update governor set closed_reason = 'mood', closed_at = now()`,
	],
	[
		"governor_closed_at",
		governor,
		() => store.db.$executeRaw`
		update governor set closed_reason = 'funds'`,
	],
	[
		"submission_grant_no_key",
		async () => {
			await aJob(store, { state: "rendering" });
			return submission({ state: "rendering" })();
		},
		() => store.db.$executeRaw`update submission set grant_no = 1`,
	],
	[
		"prune_turn_single",
		async () => "",
		() => store.db.$executeRaw`update prune_turn set id = false`,
	],
	...jobBreaks.map(([constraint, table, state, change]): Case => {
		const of = { job, submission }[table];
		const update = Prisma.raw(`update ${table} set ${change}`);
		return [
			constraint,
			of({ state }),
			(id) => store.db.$executeRaw`${update} where id = ${id}`,
		];
	}),
	...endpointBreaks.map(([constraint, table, change]): Case => {
		const statement = Prisma.raw(`update ${table} set ${change}`);
		return [constraint, endpoint, () => store.db.$executeRaw(statement)];
	}),
	...budgetBreaks.map(([constraint, table, change]): Case => {
		const statement = Prisma.raw(`update ${table} set ${change}`);
		return [constraint, budget, () => store.db.$executeRaw(statement)];
	}),
];

async function violatedBy(write: () => Promise<unknown>): Promise<string> {
	try {
		await write();
	} catch (error) {
		return (error as Error).message;
	}
	throw new Error("the row was written");
}

describe("the database", () => {
	it.each(cases)(
		"refuses a row that breaks %s",
		async (constraint, arrange, write) => {
			const id = await arrange();

			const message = await violatedBy(() => write(id));

			expect(message).toContain(`"${constraint}"`);
		},
	);

	it("has no CHECK that is not proven here", async () => {
		const rows = await store.db.$queryRaw<{ name: string }[]>`
			select conname as name from pg_constraint
			where contype = 'c' and connamespace = 'public'::regnamespace order by conname`;

		const proven = new Set(cases.map(([constraint]) => constraint));
		expect(
			rows.map(({ name }) => name).filter((name) => !proven.has(name)),
		).toEqual([]);
	});
});
