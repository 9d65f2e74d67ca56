import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aJob, aNewJob, aTenant, submissionOf } from "../testing/factories.ts";
import { aSuccess } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { insertJob } from "./accept.ts";
import { insertAudit } from "./audit-log.ts";
import { eraseAgain, eraseJob } from "./erase.ts";
import { applyCancel, findJob } from "./jobs.ts";
import { settleSubmission } from "./settle.ts";

const secret = "lighthouse-42";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 4 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

/** Every row of every table, as text. */
async function everything(): Promise<string> {
	const tables = await store.db.$queryRaw<{ name: string }[]>`
		select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`;
	const rows = await store.db.$queryRaw<{ text: string | null }[]>`
		select string_agg(query_to_xml('select * from ' || quote_ident(name), true, true, '')::text, '') as text
		from unnest(${tables.map(({ name }) => name)}::text[]) as name`;
	return rows[0]?.text ?? "";
}

/** A job that has ended, and holds the secret wherever a job can hold anything. */
async function aTellingJob() {
	const job = await insertJob(
		store.db,
		aNewJob(store, {
			input: { prompt: secret },
			metadata: { note: secret },
			tags: [secret],
			externalId: secret,
			webhookUrl: `https://example.com/${secret}`,
		}),
	);
	if (job === null) throw new Error("the job was not accepted");
	return job;
}

describe("eraseJob", () => {
	it("leaves nothing of a job's content in any table, and all of what it cost", async () => {
		const spare = await aJob(store, { state: "rendering" });
		await store.db
			.$executeRaw`update job set input = jsonb_build_object('prompt', ${secret}::text) where id = ${spare.id}`;
		const success = aSuccess(submissionOf(spare));
		await settleSubmission(store.db, {
			...success,
			output: success.output && {
				...success.output,
				result_urls: [`https://example.com/${secret}.mp4`],
			},
			callback: {
				bodySha: Buffer.alloc(32, 1),
				body: secret,
				kind: "success",
			},
		});
		await insertAudit(store.db, {
			tenantId: store.tenantId,
			actor: "key",
			action: "job.resolve",
			target: spare.id,
			data: { outcome: "succeeded", urls: [secret], note: secret },
		});
		const before = await findJob(store.db, store.tenantId, spare.id);
		expect(await everything()).toContain(secret);

		const left = await eraseJob(store.db, store.tenantId, spare.id);

		expect(await everything()).not.toContain(secret);
		expect(left).toMatchObject({
			state: "succeeded",
			charged: "yes",
			cost_points: before?.cost_points,
			input: {},
			result: { ...before?.result, result_urls: [] },
		});
		expect(left?.erased_at).not.toBeNull();
	});

	it("erases what lists were filtered by, and frees the customer's own id", async () => {
		const job = await aTellingJob();
		await applyCancel(store.db, store.tenantId, job.id);

		await eraseJob(store.db, store.tenantId, job.id);

		// What is owed to its own URL is still sent there.
		const text = (await everything()).replaceAll(
			`https://example.com/${secret}`,
			"",
		);
		const labels = await store.db.$queryRaw<
			unknown[]
		>`select 1 as one from job_label`;
		expect(text).not.toContain(secret);
		expect(labels).toEqual([]);
		expect(await aTellingJob()).toMatchObject({ external_id: secret });
	});

	it("leaves a job alone that may still get its video, and another tenant's", async () => {
		const live = await aTellingJob();
		const ended = await aJob(store, { state: "failed" });
		const stranger = await aTenant(store);
		const before = await findJob(store.db, store.tenantId, live.id);

		expect(await eraseJob(store.db, store.tenantId, live.id)).toBeNull();
		expect(await eraseJob(store.db, stranger, ended.id)).toBeNull();
		expect(await findJob(store.db, store.tenantId, live.id)).toEqual(before);
	});

	it("changes nothing more the second time", async () => {
		const job = await aJob(store, { state: "failed" });
		const first = await eraseJob(store.db, store.tenantId, job.id);

		const second = await eraseJob(store.db, store.tenantId, job.id);

		expect(second?.erased_at).toEqual(first?.erased_at);
		const told = await store.db.$queryRaw<unknown[]>`
			select 1 as one from timeline where job_id = ${job.id} and type = 'erased'`;
		expect(told).toHaveLength(1);
	});

	it("is done once more two days later, for what a late callback brought back", async () => {
		const job = await aJob(store, { state: "failed", submission: "lapsed" });
		await eraseJob(store.db, store.tenantId, job.id);
		const success = aSuccess(submissionOf(job));
		await settleSubmission(store.db, {
			...success,
			output: success.output && { ...success.output, result_urls: [secret] },
		});
		expect(await eraseAgain(store.db, 10)).toBe(0);
		expect(await everything()).toContain(secret);
		await store.db
			.$executeRaw`update job set erase_again_at = now() - interval '1 s' where erase_again_at is not null`;

		const erased = await eraseAgain(store.db, 10);

		expect(erased).toBe(1);
		expect(await everything()).not.toContain(secret);
		expect(await eraseAgain(store.db, 10)).toBe(0);
	});
});
