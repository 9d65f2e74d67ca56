import { updateEndpoint } from "@reelay/shared/store/endpoints";
import { settleSubmission } from "@reelay/shared/store/settle";
import { findViolations } from "@reelay/shared/testing/audit";
import {
	aJob,
	anEndpoint,
	submissionOf,
} from "@reelay/shared/testing/factories";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { aSuccess } from "@reelay/shared/testing/reports";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "@reelay/shared/testing/store";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { passSweep } from "../testing/sweep-pass.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	await clearTestStore(store);
});
afterAll(() => store.close());

const log = createMemoryLog();
const pass = (name: string) =>
	passSweep(name, { db: store.db, logger: log.logger });

describe("held and endpoints", () => {
	it("sends out what was held when its endpoint is enabled again, and wakes for it", async () => {
		const { id } = await anEndpoint(store, { disabled: true });
		const job = await aJob(store, { state: "rendering" });
		await settleSubmission(store.db, aSuccess(submissionOf(job)));
		const before = await pass("held");
		await updateEndpoint(
			store.db,
			{ tenantId: store.tenantId, id },
			{ disabled: false },
		);

		const after = await pass("held");

		expect(before).toMatchObject({ repaired: 0, deliverer: 0 });
		expect(after).toMatchObject({ repaired: 1, deliverer: 1 });
	});

	it("tells in the log of an endpoint that has failed for a day", async () => {
		const { id } = await anEndpoint(store);
		await store.db.$executeRaw`
			update endpoint set failing_since = now() - interval '25 h', failure_streak = 9`;

		await pass("endpoints");

		expect(log.lines("endpoint.failing")).toMatchObject([{ id }]);
	});
});
