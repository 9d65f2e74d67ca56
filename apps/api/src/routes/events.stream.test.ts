import { eventually } from "@reelay/shared/testing/eventually";
import { aJob, aTenant } from "@reelay/shared/testing/factories";
import { lockRow } from "@reelay/shared/testing/row-lock";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TestStream } from "../testing/event-stream.ts";
import { type ApiStage, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
beforeEach(() => clearTestStore(stage.store));
afterAll(() => stage.close());

const anEvent = (state: "failed" | "succeeded" = "failed", tenantId?: string) =>
	aJob(stage.store, { state, ...(tenantId === undefined ? {} : { tenantId }) });
/** The page, once so many events are in it: whoever else writes in this cluster holds the feed up for a moment. */
const readPage = (count: number, query = "") =>
	eventually(async () => {
		const { json } = await stage.request(`/v1/events?limit=200${query}`);
		expect(json.data).toHaveLength(count);
		return json.data as { id: string; type: string }[];
	});
const jobIds = (messages: { data: string }[]) =>
	messages.map(({ data }) => JSON.parse(data).data.id);
const idsOf = (things: { id?: string | undefined }[]) =>
	things.map(({ id }) => id);

describe("GET /v1/events as a stream 200", () => {
	it("begins with the first event, goes on with what comes, and shows each as the page does", async () => {
		const before = [await anEvent(), await anEvent("succeeded")];
		const stream = await stage.stream("/v1/events");
		await stream.until(2);
		const after = [await anEvent("succeeded"), await anEvent()];

		const messages = await stream.until(4);

		expect(jobIds(messages)).toEqual([...before, ...after].map(({ id }) => id));
		const page = await readPage(4);
		expect(messages).toEqual(
			page.map((event) => ({
				id: event.id,
				event: event.type,
				data: JSON.stringify(event),
			})),
		);
		stream.close();
	});

	it("says how long to wait before connecting again, and that nobody may keep, collect or shrink it", async () => {
		const stream = await stage.stream("/v1/events", {
			headers: { "accept-encoding": "gzip, br" },
		});
		await anEvent();
		await stream.until(1);

		expect(stream.text()).toMatch(/^retry: [123]\d{3}\n\n/);
		expect(stream.headers).toMatchObject({
			"content-type": "text/event-stream; charset=utf-8",
			"cache-control": "no-store",
			"x-accel-buffering": "no",
			vary: "Accept",
		});
		expect(stream.headers["content-encoding"]).toBeUndefined();
		stream.close();
	});

	it("resumes strictly behind Last-Event-ID, whatever `after` says", async () => {
		for (let n = 0; n < 4; n += 1) await anEvent();
		const [first, second, ...rest] = idsOf(await readPage(4));

		const stream = await stage.stream(`/v1/events?after=${first}`, {
			headers: { "last-event-id": String(second) },
		});

		expect(idsOf(await stream.until(2))).toEqual(rest);
		stream.close();
	});

	it("begins behind `after`, and with `0` before the first", async () => {
		for (let n = 0; n < 3; n += 1) await anEvent();
		const ids = idsOf(await readPage(3));

		const behind = await stage.stream(`/v1/events?after=${ids[0]}`);
		const all = await stage.stream("/v1/events?after=0");

		expect(idsOf(await behind.until(2))).toEqual(ids.slice(1));
		expect(idsOf(await all.until(3))).toEqual(ids);
		behind.close();
		all.close();
	});

	it("begins with the present on `after=now`, and tells what to resume behind before anything has come", async () => {
		await anEvent();
		const [old] = await readPage(1);
		const stream = await stage.stream("/v1/events?after=now");

		const later = await anEvent();

		expect(jobIds(await stream.until(1))).toEqual([later.id]);
		expect(stream.text()).toMatch(
			new RegExp(`^retry: \\d+\n\nid: ${old?.id}\n\n`),
		);
		stream.close();
	});

	it("tells a place to resume behind on `after=now` also when there is no event", async () => {
		const stream = await stage.stream("/v1/events?after=now");
		const job = await anEvent();
		await stream.until(1);

		const resumed = await stage.stream("/v1/events?after=now", {
			headers: { "last-event-id": "0" },
		});

		expect(stream.text()).toMatch(/^retry: \d+\n\nid: 0\n\n/);
		expect(jobIds(await resumed.until(1))).toEqual([job.id]);
		stream.close();
		resumed.close();
	});

	it("leaves out the types that were not asked for, in what there is and in what comes", async () => {
		const wanted = [await anEvent("succeeded")];
		await anEvent();
		const stream = await stage.stream(
			"/v1/events?types=video.succeeded,video.cancelled",
		);
		await stream.until(1);
		await anEvent();
		wanted.push(await anEvent("succeeded"));

		expect(jobIds(await stream.until(2))).toEqual(wanted.map(({ id }) => id));
		stream.close();
	});

	it("shows nothing of another tenant", async () => {
		const tenantId = await aTenant(stage.store);
		const theirs = await stage.stream("/v1/events", {
			key: await stage.aKey(tenantId),
		});
		const ours = await stage.stream("/v1/events");

		const mine = await anEvent();
		const other = await anEvent("failed", tenantId);

		expect(jobIds(await ours.until(1))).toEqual([mine.id]);
		expect(jobIds(await theirs.until(1))).toEqual([other.id]);
		ours.close();
		theirs.close();
	});

	it("sends no event before one that may still be committed ahead of it", async () => {
		const before = await anEvent();
		const stream = await stage.stream("/v1/events");
		await stream.until(1);
		const { url, tenantId } = stage.store;
		const slow = await lockRow(url, { table: "job", id: before.id });
		await slow.write(
			`insert into event (id, tenant_id, type, job_id, sequence, snapshot)
			values (new_id('evt'), '${tenantId}', 'video.surplus_result', null, 1, '{"id": "slow"}')`,
		);
		const after = await anEvent();
		const other = await stage.stream("/v1/events");
		await other.until(1);

		await slow.release();

		const order = [before.id, "slow", after.id];
		expect(jobIds(await stream.until(3))).toEqual(order);
		expect(jobIds(await other.until(3))).toEqual(order);
		stream.close();
		other.close();
	});
});

describe("what is no stream", () => {
	it.each([
		"application/json",
		"*/*",
		"text/html",
		"application/json, text/event-stream;q=0.5",
	])("is the page for who accepts %s", async (accept) => {
		const { status, json } = await stage.request("/v1/events", {
			headers: { accept },
		});

		expect([status, json.data]).toEqual([200, []]);
	});

	it("is the head of the page for a HEAD", async () => {
		const { status, headers } = await stage.request("/v1/events", {
			method: "HEAD",
			headers: { accept: "text/event-stream" },
		});

		expect(status).toBe(200);
		expect(headers.get("content-type")).toContain("application/json");
	});

	it("is an empty page on `after=now`, whose next_after is the newest event", async () => {
		await anEvent();
		await anEvent();
		const [, newest] = await readPage(2);

		const { json } = await stage.request("/v1/events?after=now");

		expect(json).toEqual({ data: [], has_more: false, next_after: newest?.id });
	});
});

describe("GET /v1/events as a stream 422", () => {
	it.each(["evt_nobody", "evt_0000000000000000000000000z", "now", "7"])(
		"refuses the unknown Last-Event-ID %s before anything is sent, and names the header",
		async (id) => {
			const { status, json } = await stage.request("/v1/events", {
				headers: { accept: "text/event-stream", "last-event-id": id },
			});

			expect(status).toBe(422);
			expect(json.errors).toMatchObject([
				{ header: "Last-Event-ID", code: "unknown_event" },
			]);
		},
	);

	it("refuses another tenant's event, and a filter that takes no type", async () => {
		await anEvent();
		const [event] = await readPage(1);
		const key = await stage.aStrangersKey();
		const ask = (path: string, headers: Record<string, string> = {}) =>
			stage.request(path, {
				key,
				headers: { accept: "text/event-stream", ...headers },
			});

		const answers = await Promise.all([
			ask("/v1/events", { "last-event-id": String(event?.id) }),
			ask(`/v1/events?after=${event?.id}`),
			ask("/v1/events?types=video.lost"),
		]);

		expect(answers.map(({ status }) => status)).toEqual([422, 422, 422]);
	});
});

describe("the seam between what there is and what comes", () => {
	it("loses and doubles nothing while events are born, for those who begin, resume and leave types out", async () => {
		let isOver = false;
		const writers = Array.from({ length: 4 }, async (_, n) => {
			for (let k = 0; k < 40; k += 1)
				await anEvent(n % 2 ? "failed" : "succeeded");
		});
		const writing = Promise.all(writers).then(() => {
			isOver = true;
		});
		const streams: {
			stream: TestStream;
			from: string | null;
			types: string;
		}[] = [];
		while (!isOver) {
			const { json } = await stage.request("/v1/events?limit=200");
			const from = json.data.at(-1 - (streams.length % 7))?.id ?? null;
			const types = streams.length % 3 === 0 ? "video.failed" : "video.*";
			const stream = await stage.stream(`/v1/events?types=${types}`, {
				headers: from === null ? {} : { "last-event-id": from },
			});
			streams.push({ stream, from, types });
		}
		await writing;

		const all = await readPage(160);
		for (const { stream, from, types } of streams) {
			const behind = all.slice(all.findIndex(({ id }) => id === from) + 1);
			const expected = behind.filter(
				({ type }) => types === "video.*" || type === types,
			);
			expect(idsOf(await stream.until(expected.length))).toEqual(
				idsOf(expected),
			);
			stream.close();
		}
		expect(streams.length).toBeGreaterThan(5);
	});
});
