import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aJob } from "../testing/factories.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { listTimeline } from "./timeline.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

describe("listTimeline", () => {
	it("pages through one job's history in the order in which it was written", async () => {
		const job = await aJob(store, { state: "succeeded" });
		await aJob(store, { state: "failed" });

		const types: string[] = [];
		for (let afterId = 0n; ; ) {
			const page = await listTimeline(store.db, {
				jobId: job.id,
				afterId,
				limit: 3,
			});
			types.push(...page.map(({ type }) => type));
			const last = page.at(-1);
			if (last === undefined) break;
			afterId = last.id;
		}

		expect(types).toEqual(["accepted", "submitting", "rendering", "succeeded"]);
	});
});
