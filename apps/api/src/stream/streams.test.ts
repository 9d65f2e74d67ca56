import { settleSubmission } from "@reelay/shared/store/settle";
import { eventually } from "@reelay/shared/testing/eventually";
import { aJob, submissionOf } from "@reelay/shared/testing/factories";
import { createGate } from "@reelay/shared/testing/gate";
import { aSuccess } from "@reelay/shared/testing/reports";
import { afterEach, describe, expect, it } from "vitest";
import {
	type ApiStage,
	type StageOptions,
	setStage,
} from "../testing/stage.ts";

let stage: ApiStage;
afterEach(() => stage.close());
const open = async (options: StageOptions = {}) => {
	stage = await setStage(options);
	return stage;
};

const anEvent = () => aJob(stage.store, { state: "failed" });
const jobIds = (messages: { data: string }[]) =>
	messages.map(({ data }) => JSON.parse(data).data.id);
const isOfTails = (sql: string) => sql.includes("cross join lateral");
describe("one tail for all streams", () => {
	it("asks one statement at a time for what is new, however many follow, and tells them all", async () => {
		const gate = createGate();
		let isHeld = false;
		let asked = 0;
		await open({
			async onStatement(sql) {
				if (!isHeld || !isOfTails(sql)) return;
				asked += 1;
				await gate.wait();
			},
		});
		await anEvent();
		const streams = await Promise.all(
			Array.from({ length: 30 }, () => stage.stream("/v1/events")),
		);
		await Promise.all(streams.map((stream) => stream.until(1)));
		isHeld = true;
		await gate.reached;

		const event = await anEvent();
		const askedBy30 = asked;
		gate.open();
		const told = await Promise.all(streams.map((stream) => stream.until(2)));

		expect(askedBy30).toBe(1);
		for (const messages of told) expect(jobIds(messages).at(-1)).toBe(event.id);
	});

	it("asks nothing when nobody follows any longer, and counts nobody", async () => {
		let asked = 0;
		await open({
			onStatement(sql) {
				if (isOfTails(sql)) asked += 1;
			},
		});
		const job = await aJob(stage.store, { state: "rendering" });
		const streams = await Promise.all([
			stage.stream("/v1/events"),
			stage.stream(`/v1/jobs/${job.id}/events`),
		]);
		await streams[1]?.until(1);
		expect(await stage.metric("streams_open", 'kind="events"')).toBe(1);
		expect(await stage.metric("streams_open", 'kind="timeline"')).toBe(1);

		for (const stream of streams) stream.close();
		await eventually(async () => {
			expect(await stage.metric("streams_open", 'kind="events"')).toBe(0);
			expect(await stage.metric("streams_open", 'kind="timeline"')).toBe(0);
		});
		// At most the statements that were under way, and none that follows them.
		await eventually(async () => {
			const before = asked;
			for (let n = 0; n < 5; n += 1) await anEvent();
			expect(asked).toBe(before);
		});
	});

	it("holds up no other tenant when one has an event that cannot be shown, and says so", async () => {
		await open();
		const key = await stage.aStrangersKey();
		const theirs = await stage.stream("/v1/events", { key });
		const ours = await stage.stream("/v1/events");
		const job = await aJob(stage.store, { state: "rendering" });
		await stage.db.$executeRaw`
			insert into event (id, tenant_id, job_id, type, snapshot)
			select new_id('evt'), tenant_id, ${job.id}, 'video.failed', '"no job"' from api_key
			where tenant_id <> ${stage.store.tenantId}`;

		expect(await theirs.ended).toBe("broken");
		await settleSubmission(stage.db, aSuccess(submissionOf(job)));

		expect(jobIds(await ours.until(1))).toEqual([job.id]);
		expect(stage.log.lines("stream.failed")).toHaveLength(1);
		expect(await stage.metric("streams_cut_total", 'reason="failed"')).toBe(1);
	});
});

describe("a database that goes away", () => {
	it("ends no stream: they go on when it is back, and lose nothing", async () => {
		await open();
		await anEvent();
		const job = await aJob(stage.store, { state: "rendering" });
		const events = await stage.stream("/v1/events");
		const timeline = await stage.stream(`/v1/jobs/${job.id}/events`);
		await Promise.all([events.until(1), timeline.until(3)]);

		stage.network.cut();
		await settleSubmission(stage.db, aSuccess(submissionOf(job)));
		await eventually(async () => {
			expect(
				stage.log
					.lines("stream.readFailed")
					.map(({ of }) => of)
					.sort(),
			).toEqual(["events", "timeline"]);
		});
		stage.network.restore();

		expect(jobIds(await events.until(2)).at(-1)).toBe(job.id);
		expect(await timeline.ended).toBe("complete");
		expect(timeline.messages().at(-1)?.event).toBe("end");
		await eventually(() =>
			expect(stage.log.lines("stream.readResumed")).toHaveLength(2),
		);
		expect(
			await stage.metric("stream_read_failures_total", 'of="events"'),
		).toBeGreaterThan(0);
	});

	it("is a 503 for a stream that has not begun", async () => {
		await open();
		await stage.request("/v1/events");
		stage.network.cut();

		const { status, json } = await stage.request("/v1/events?after=now", {
			headers: { accept: "text/event-stream" },
		});

		expect([status, json.code]).toEqual([503, "unavailable"]);
	});
});

describe("a stream on which nothing happens", () => {
	it("shows again and again that it is there", async () => {
		await open({ pace: { heartbeatMs: 20 } });
		const stream = await stage.stream("/v1/events");

		await stream.untilComment();

		expect(stream.comments()[0]).toBe("still here");
		expect(stream.messages()).toEqual([]);
	});
});

describe("a stopping process", () => {
	it("ends its streams in order with a comment, and opens no more", async () => {
		await open();
		const job = await aJob(stage.store, { state: "rendering" });
		const streams = await Promise.all([
			stage.stream("/v1/events"),
			stage.stream(`/v1/jobs/${job.id}/events`),
		]);

		stage.streams.close();

		expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual([
			"complete",
			"complete",
		]);
		for (const stream of streams) expect(stream.comments()).toHaveLength(1);
		const late = await stage.stream("/v1/events");
		expect([late.status, late.headers["retry-after"]]).toEqual([503, "5"]);
	});
});

describe("too many streams", () => {
	it("are refused by tenant with 429 and by process with 503, until one is closed", async () => {
		await open({ limits: { maxStreams: 3, maxStreamsOfTenant: 2 } });
		const key = await stage.aStrangersKey();
		const first = await stage.stream("/v1/events");
		await stage.stream("/v1/events");

		const third = await stage.stream("/v1/events");
		await stage.stream("/v1/events", { key });
		const fifth = await stage.stream("/v1/events", { key });
		await Promise.all([third.ended, fifth.ended]);

		expect([third.status, fifth.status]).toEqual([429, 503]);
		expect([third, fifth].map((one) => JSON.parse(one.text()).code)).toEqual([
			"too_many_streams",
			"streams_full",
		]);
		expect(third.headers["retry-after"]).toBe("5");
		first.close();
		await eventually(async () => {
			expect((await stage.stream("/v1/events")).status).toBe(200);
		});
	});

	it("are not made of those that were refused", async () => {
		await open({ limits: { maxStreams: 1 } });
		for (let n = 0; n < 3; n += 1) {
			const refused = await stage.stream("/v1/events", {
				headers: { "last-event-id": "evt_x" },
			});
			await refused.ended;
			expect(refused.status).toBe(422);
		}

		expect((await stage.stream("/v1/events")).status).toBe(200);
	});
});

describe("a key that is revoked", () => {
	it("ends its streams, and no other's", async () => {
		await open({ pace: { keyCheckMs: 20 } });
		const key = await stage.aKey();
		const revoked = await stage.stream("/v1/events", { key });
		const other = await stage.stream("/v1/events");

		await stage.db.$executeRaw`
			update api_key set revoked_at = now() where id = (select max(id) from api_key)`;

		expect(await revoked.ended).toBe("complete");
		expect(revoked.comments()).toEqual(["the API key is no longer valid"]);
		const event = await anEvent();
		expect(jobIds(await other.until(1))).toEqual([event.id]);
	});
});
