import { pruneEvents } from "@reelay/shared/store/prune-events";
import { anOldJob, keepS } from "@reelay/shared/testing/aged";
import { eventually } from "@reelay/shared/testing/eventually";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";

let stage: ApiStage;
/** Runs before a statement of the API, which it knows by its text. */
let meanwhile: (sql: string) => Promise<unknown> = async () => {};
beforeAll(async () => {
	stage = await setStage({
		onStatement: async (sql) => {
			await meanwhile(sql);
		},
	});
});
beforeEach(async () => {
	meanwhile = async () => {};
	await clearTestStore(stage.store);
});
afterAll(() => stage.close());

/** The ids of old events, once the feed shows them. */
async function oldEvents(count: number): Promise<string[]> {
	for (let n = 0; n < count; n += 1) await anOldJob(stage.store);
	return eventually(async () => {
		const { json } = await stage.request("/v1/events");
		expect(json.data).toHaveLength(count);
		return json.data.map(({ id }: { id: string }) => id);
	});
}
const prune = () => pruneEvents(stage.db, { afterId: "", keepS });
/** Removes everything once, right before the given statement. */
function pruneBefore(words: string): void {
	let isDone = false;
	meanwhile = async (sql) => {
		if (isDone || !sql.includes(words)) return;
		isDone = true;
		await prune();
	};
}
const read = async (query: string, headers?: Record<string, string>) => {
	const { status, json } = await stage.request(`/v1/events${query}`, {
		...(headers === undefined ? {} : { headers }),
	});
	return [status, json?.code];
};
const streaming = (lastId: string) => ({
	accept: "text/event-stream",
	"last-event-id": lastId,
});

describe("GET /v1/events 410", () => {
	it("tells a reader of a place behind which events were removed, and none who has read them all", async () => {
		const [first, second] = await oldEvents(2);
		await prune();

		expect(await read(`?after=${first}`)).toEqual([410, "events_removed"]);
		expect(await read(`?after=${second}`)).toEqual([200, undefined]);
		expect(await read("")).toEqual([200, undefined]);
	});

	it("tells a stream that resumes there, also where it had read nothing", async () => {
		const [first] = await oldEvents(2);
		await prune();

		const gone = [410, "events_removed"];
		expect(await read("", streaming(String(first)))).toEqual(gone);
		expect(await read("", streaming("0"))).toEqual(gone);
	});

	it("tells a reader whose page was removed while it was asked for", async () => {
		const [first, second, third] = await oldEvents(3);
		await stage.db.$executeRaw`
			update event set created_at = now() - interval '20 days' where id = ${third}`;
		pruneBefore("not is_test");

		const answer = await read(`?after=${first}`);

		expect(answer).toEqual([410, "events_removed"]);
		expect(await read(`?after=${second}`)).toEqual([200, undefined]);
	});

	it("does not know an id that no event ever had", async () => {
		await oldEvents(1);
		await prune();

		const unknown = `evt_${"z".repeat(26)}`;
		expect(await read(`?after=${unknown}`)).toEqual([422, "invalid_request"]);
	});
});

describe("a stream of events", () => {
	it("ends where what comes next was removed behind its back, so that its client asks and is told", async () => {
		const [first, , third] = await oldEvents(3);
		await stage.db.$executeRaw`
			update event set created_at = now() - interval '20 days' where id = ${third}`;
		pruneBefore("has_gap");

		const stream = await stage.stream(`/v1/events?after=${first}`);

		expect(await stream.ended).toBe("complete");
		expect(stream.messages()).toEqual([]);
		expect(stream.comments().join()).toContain("has been removed");
	});
});
