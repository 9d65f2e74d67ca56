import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import type { JobSpec } from "../testing/factories.ts";
import {
	everything,
	aQuarantined as make,
	replayOrder as order,
	rereadCallback,
	understood,
} from "../testing/quarantined.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { watchDatabase } from "../testing/watch-database.ts";
import { replayQuarantined } from "./callback-replay.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

async function aQuarantined(spec: JobSpec = {}, body?: unknown) {
	return rereadCallback(store, (await make(store, spec, { body })).number);
}

describe("a replay of many", () => {
	it("goes on behind the last one, says what is left, and comes to an end", async () => {
		for (let n = 0; n < 5; n += 1) {
			const body = n === 1 ? "<html>" : { ...understood, cost_points: n };
			await aQuarantined({ state: "rendering" }, body);
		}

		const pages = [];
		for (let afterId = 0n; ; ) {
			const page = { afterId, limit: 2 };
			const done = await replayQuarantined(store.db, everything, {
				page,
				order,
			});
			pages.push([done.replayed.map(({ outcome }) => outcome), done.left]);
			if (done.left === 0) break;
			afterId = done.lastId ?? 0n;
		}

		expect(pages).toEqual([
			[["settled", "quarantined"], 3],
			[["settled", "settled"], 1],
			[["settled"], 0],
		]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("goes on behind one that Postgres refuses, and leaves that as it was", async () => {
		const refused = await aQuarantined({ state: "rendering" });
		const other = await aQuarantined({ state: "rendering" });
		const failed: bigint[] = [];
		let settled = 0;
		const db = watchDatabase(store.db, (sql) => {
			if (sql.includes("as settled") && settled++ === 0) throw new Error("no");
		});

		const { replayed } = await replayQuarantined(db, everything, {
			page: { afterId: 0n, limit: 10 },
			order: { ...order, onFailure: (id) => void failed.push(id) },
		});

		expect(replayed.map(({ outcome }) => outcome)).toEqual([
			"quarantined",
			"settled",
		]);
		expect(failed).toEqual([refused.id]);
		expect(await rereadCallback(store, refused.id)).toEqual(refused);
		expect((await rereadCallback(store, other.id)).outcome).toBe("settled");
	});

	it("touches nothing that the filter does not mean", async () => {
		const meant = await aQuarantined({ state: "rendering" });
		const other = await aQuarantined({ state: "rendering" });
		const filter = { ...everything, submissionId: meant.submission_id };

		await replayQuarantined(store.db, filter, {
			page: { afterId: 0n, limit: 100 },
			order,
		});

		expect((await rereadCallback(store, meant.id)).outcome).toBe("settled");
		expect(await rereadCallback(store, other.id)).toEqual(other);
	});
});
