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
		"job_erased_final",
		job({}),
		(id) => store.db.$executeRaw`
		update job set erased_at = now() where id = ${id}`,
	],
	[
		"job_state_known",
		job({}),
		(id) => store.db.$executeRaw`
		update job set state = 'paused', live = false, ready = false, finished_at = now() where id = ${id}`,
	],
	[
		"job_live_state",
		job({ state: "succeeded" }),
		(id) => store.db.$executeRaw`
		update job set live = true, finished_at = null where id = ${id}`,
	],
	[
		"job_live_state",
		job({ state: "rendering" }),
		(id) => store.db.$executeRaw`
		update job set live = false, finished_at = now() where id = ${id}`,
	],
	[
		"job_ready_state",
		job({}),
		(id) => store.db.$executeRaw`
		update job set ready = false where id = ${id}`,
	],
	[
		"job_ready_state",
		job({ state: "rendering" }),
		(id) => store.db.$executeRaw`
		update job set ready = true where id = ${id}`,
	],
	[
		"job_final_finished",
		job({ state: "succeeded" }),
		(id) => store.db.$executeRaw`
		update job set finished_at = null where id = ${id}`,
	],
	[
		"job_final_finished",
		job({}),
		(id) => store.db.$executeRaw`
		update job set finished_at = now() where id = ${id}`,
	],
	[
		"job_succeeded_result",
		job({ state: "succeeded" }),
		(id) => store.db.$executeRaw`
		update job set result = null where id = ${id}`,
	],
	[
		"job_result_state",
		job({ state: "rendering" }),
		(id) => store.db.$executeRaw`
		update job set result = '{}' where id = ${id}`,
	],
	[
		"job_result_state",
		job({ state: "failed" }),
		(id) => store.db.$executeRaw`
		update job set result = '{}' where id = ${id}`,
	],
	[
		"job_error_state",
		job({ state: "failed" }),
		(id) => store.db.$executeRaw`
		update job set error = null where id = ${id}`,
	],
	[
		"job_error_state",
		job({ state: "succeeded" }),
		(id) => store.db.$executeRaw`
		update job set error = '{}' where id = ${id}`,
	],
	[
		"job_charged_known",
		job({}),
		(id) => store.db.$executeRaw`
		update job set charged = 'perhaps' where id = ${id}`,
	],
	[
		"job_submissions_budget",
		job({}),
		(id) => store.db.$executeRaw`
		update job set submissions = max_submissions + 1 where id = ${id}`,
	],
	[
		"job_submissions_budget",
		job({}),
		(id) => store.db.$executeRaw`
		update job set submissions = -1 where id = ${id}`,
	],
	[
		"job_cancel_state",
		job({}),
		(id) => store.db.$executeRaw`
		update job set cancel_requested_at = now() where id = ${id}`,
	],
	[
		"job_on_unknown_known",
		job({}),
		(id) => store.db.$executeRaw`
		update job set on_unknown = 'pray' where id = ${id}`,
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
		"submission_state_known",
		submission({ state: "failed" }),
		(id) => store.db.$executeRaw`
		update submission set state = 'gone' where id = ${id}`,
	],
	[
		"submission_live_state",
		submission({ state: "rendering" }),
		(id) => store.db.$executeRaw`
		update submission set live = false, settled_at = now() where id = ${id}`,
	],
	[
		"submission_live_state",
		submission({ state: "failed" }),
		(id) => store.db.$executeRaw`
		update submission set live = true, settled_at = null where id = ${id}`,
	],
	[
		"submission_lease_state",
		submission({ state: "submitting" }),
		(id) => store.db.$executeRaw`
		update submission set lease_until = null where id = ${id}`,
	],
	[
		"submission_lease_state",
		submission({ state: "unknown" }),
		(id) => store.db.$executeRaw`
		update submission set lease_until = now() where id = ${id}`,
	],
	[
		"submission_settled_state",
		submission({ state: "failed" }),
		(id) => store.db.$executeRaw`
		update submission set settled_at = null where id = ${id}`,
	],
	[
		"submission_settled_state",
		submission({ state: "rendering" }),
		(id) => store.db.$executeRaw`
		update submission set settled_at = now() where id = ${id}`,
	],
	[
		"submission_succeeded_output",
		submission({ state: "succeeded" }),
		(id) => store.db.$executeRaw`
		update submission set output = null where id = ${id}`,
	],
	[
		"submission_succeeded_output",
		submission({ state: "succeeded" }),
		(id) => store.db.$executeRaw`
		update submission set charged = 'possible' where id = ${id}`,
	],
	[
		"submission_charged_known",
		submission({ state: "failed" }),
		(id) => store.db.$executeRaw`
		update submission set charged = 'perhaps' where id = ${id}`,
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
		"delivery_due_state",
		delivery,
		() => store.db.$executeRaw`update delivery set due_at = null`,
	],
	[
		"delivery_due_state",
		delivery,
		() => store.db.$executeRaw`
		update delivery set state = 'delivered', finished_at = now()`,
	],
	[
		"delivery_finished_state",
		delivery,
		() => store.db.$executeRaw`
		update delivery set finished_at = now()`,
	],
	[
		"delivery_finished_state",
		delivery,
		() => store.db.$executeRaw`
		update delivery set state = 'exhausted', due_at = null`,
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
