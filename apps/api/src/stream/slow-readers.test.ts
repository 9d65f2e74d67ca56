import { eventually } from "@reelay/shared/testing/eventually";
import { aJob } from "@reelay/shared/testing/factories";
import { afterEach, describe, expect, it } from "vitest";
import {
	type ApiStage,
	type StageOptions,
	setStage,
} from "../testing/stage.ts";

const isOfTails = (sql: string) => sql.includes("cross join lateral");

let stage: ApiStage;
afterEach(() => stage.close());
const open = async (options: StageOptions = {}) => {
	stage = await setStage(options);
	return stage;
};

/** So many events, each of which is large, so that those who do not read cannot be sent all. */
async function writeLargeEvents(count: number): Promise<void> {
	await stage.db.$executeRaw`
		insert into event (id, tenant_id, type, snapshot)
		select new_id('evt'), ${stage.store.tenantId}, 'video.failed', jsonb_build_object('n', n, 'text', repeat('x', 100000))
		from generate_series(1, ${count}::int) as n`;
}

describe("a client that does not read", () => {
	it("is cut off when it has taken nothing for as long as it may, and loses nothing when it comes back", async () => {
		await open({ pace: { drainMs: 300 } });
		const lazy = await stage.stream("/v1/events");
		const other = await stage.stream("/v1/events");
		lazy.pause();

		await writeLargeEvents(120);
		await eventually(async () => {
			expect(await stage.metric("streams_cut_total", 'reason="slow"')).toBe(1);
		});
		await other.until(120);
		lazy.resume();

		expect(await lazy.ended).toBe("broken");
		const had = lazy.messages();
		expect(had.length).toBeLessThan(120);
		const again = await stage.stream("/v1/events", {
			headers: { "last-event-id": had.at(-1)?.id ?? "0" },
		});
		const rest = await again.until(120 - had.length);
		expect([...had, ...rest]).toEqual(other.messages());
	});

	it("costs no more memory than a stream may, and goes on where it was when it reads in time", async () => {
		let asked = 0;
		await open({
			pace: { maxBytes: 150_000 },
			onStatement(sql) {
				if (isOfTails(sql)) asked += 1;
			},
		});
		const lazy = await stage.stream("/v1/events");
		lazy.pause();
		await writeLargeEvents(120);
		const other = await stage.stream("/v1/events");
		await other.until(120);
		other.close();
		// Whoever lies behind is not handed anything, and asks for nothing.
		await eventually(async () => {
			const before = asked;
			for (let n = 0; n < 5; n += 1) await aJob(stage.store);
			expect(asked).toBe(before);
		});

		lazy.resume();

		expect(await lazy.until(120)).toEqual(other.messages());
		expect(await stage.metric("streams_cut_total", 'reason="slow"')).toBeNaN();
	});

	it("holds up no stop", async () => {
		await open();
		const lazy = await stage.stream("/v1/events");
		lazy.pause();
		await writeLargeEvents(120);
		const other = await stage.stream("/v1/events");
		await other.until(120);

		stage.streams.close();

		await eventually(async () => {
			expect(await stage.metric("streams_open", 'kind="events"')).toBe(0);
		});
	});
});
