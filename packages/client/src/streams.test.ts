import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Reelay, ReelayError, type TimelineEntry } from "./index.ts";
import {
	html,
	json,
	problem,
	reset,
	type Scene,
	type ScriptedServer,
	startScriptedServer,
	stream,
} from "./testing/scripted-server.ts";

const servers: ScriptedServer[] = [];
// Every pause is as short as it may be.
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0));
afterEach(async () => {
	vi.restoreAllMocks();
	await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function play(...scenes: Scene[]) {
	const server = await startScriptedServer(...scenes);
	servers.push(server);
	const { url: baseUrl, heard } = server;
	return { heard, reelay: new Reelay({ apiKey: "rl_test", baseUrl }) };
}

const entry = (id: number): string =>
	`id: ${id}\nevent: step\ndata: ${JSON.stringify({ id: String(id), type: "step", at: "", data: { text: "ü" } })}\n\n`;
const end = 'event: end\ndata: {"job_id":"job_1","state":"succeeded"}\n\n';

async function idsOf(events: AsyncIterable<TimelineEntry>): Promise<string[]> {
	const ids: string[] = [];
	for await (const { id } of events) ids.push(id);
	return ids;
}

async function failureOf(promise: Promise<unknown>): Promise<ReelayError> {
	const error = await promise.then(
		() => expect.fail("it did not fail"),
		(thrown: unknown) => thrown,
	);
	expect(error).toBeInstanceOf(ReelayError);
	return error as ReelayError;
}

describe("jobs.events", () => {
	it("loses and doubles nothing over connections that break anywhere", async () => {
		const half = entry(3).slice(0, 40);
		const { reelay, heard } = await play(
			stream(entry(1) + entry(2) + half, "reset"),
			reset,
			problem(503, "unavailable", { retryable: true }),
			html(502),
			stream(entry(3), "end"),
			stream(": still here\n\n", "reset"),
			stream(entry(4) + end, "open"),
		);

		const ids = await idsOf(reelay.jobs.events("job_1"));

		expect(ids).toEqual(["1", "2", "3", "4"]);
		expect(heard.map(({ headers }) => headers["last-event-id"])).toEqual([
			...[undefined, "2", "2", "2", "2", "3", "3"],
		]);
	});

	it("begins behind the entry that it is given, and then behind what it has", async () => {
		const { reelay, heard } = await play(
			stream(entry(8), "reset"),
			stream(end, "open"),
		);

		const ids = await idsOf(reelay.jobs.events("job_1", { after: "7" }));

		expect(ids).toEqual(["8"]);
		expect(heard[0]?.url).toBe("/v1/jobs/job_1/events?after=7");
		expect(heard[0]?.headers["last-event-id"]).toBeUndefined();
		expect(heard[1]?.headers["last-event-id"]).toBe("8");
	});

	it("goes on behind a place that was named without an event", async () => {
		const { reelay, heard } = await play(
			stream("id: 40\n\n", "end"),
			stream(entry(41) + end, "open"),
		);

		const ids = await idsOf(reelay.jobs.events("job_1", { after: "now" }));

		expect(ids).toEqual(["41"]);
		expect(heard[1]?.headers["last-event-id"]).toBe("40");
	});

	it("ends when there is nothing behind the place it comes back to", async () => {
		const { reelay, heard } = await play(stream(entry(1), "reset"), (res) => {
			res.writeHead(204).end();
		});

		const ids = await idsOf(reelay.jobs.events("job_1"));

		expect(ids).toEqual(["1"]);
		expect(heard).toHaveLength(2);
	});

	it("does not come back to what refuses it, and tells where it was", async () => {
		const { reelay, heard } = await play(
			stream(entry(1), "end"),
			problem(401, "unauthorized"),
		);

		const error = await failureOf(idsOf(reelay.jobs.events("job_1")));

		expect(heard).toHaveLength(2);
		expect(error).toMatchObject({
			code: "unauthorized",
			jobId: "job_1",
			lastEventId: "1",
		});
	});

	it("gives up when there was no sign of life for long enough", async () => {
		const { reelay } = await play(stream(entry(1), "reset"), reset);

		const events = reelay.jobs.events("job_1", { outageMs: 0 });
		const error = await failureOf(idsOf(events));

		expect(error).toMatchObject({
			code: "connection_failed",
			lastEventId: "1",
		});
	});

	it("closes the connection when its reader leaves", async () => {
		let wasClosed = () => {};
		const closed = new Promise<void>((resolve) => {
			wasClosed = resolve;
		});
		const { reelay } = await play((res, heard) => {
			res.on("close", wasClosed);
			return stream(entry(1) + entry(2), "open")(res, heard);
		});

		for await (const { id } of reelay.jobs.events("job_1")) {
			if (id === "1") break;
		}

		await closed;
	});

	it("ends by a signal with the place where it was", async () => {
		const leaving = new AbortController();
		const { reelay } = await play(stream(entry(1), "open"));
		const { signal } = leaving;

		const reading = (async () => {
			for await (const _ of reelay.jobs.events("job_1", { signal })) {
				leaving.abort();
			}
		})();

		const error = await failureOf(reading);
		expect(error).toMatchObject({ code: "aborted", lastEventId: "1" });
	});

	it("says so when it is answered with something else", async () => {
		const { reelay } = await play(json(200, { data: [] }));

		const error = await failureOf(idsOf(reelay.jobs.events("job_1")));

		expect(error).toMatchObject({
			code: "unexpected_answer",
			message: expect.stringContaining("no stream"),
		});
	});
});

describe("a list", () => {
	const page = (ids: number[], next: string | null) =>
		json(200, {
			data: ids.map((id) => ({ id })),
			has_more: next !== null,
			next_cursor: next,
		});

	it("is read page by page, with what was asked for on each", async () => {
		const { reelay, heard } = await play(page([1, 2], "c1"), page([3], null));
		const seen: unknown[] = [];

		for await (const { id } of reelay.jobs.list({ state: ["failed"] })) {
			seen.push(id);
		}

		expect(seen).toEqual([1, 2, 3]);
		expect(heard.map(({ url }) => url)).toEqual([
			"/v1/jobs?state=failed",
			"/v1/jobs?state=failed&cursor=c1",
		]);
	});

	it("asks for no more than is read", async () => {
		const { reelay, heard } = await play(page([1, 2], "c1"));
		const jobs = reelay.jobs.list();

		for await (const _ of jobs) break;
		const { next_cursor } = await jobs.page();

		expect(heard).toHaveLength(2);
		expect(next_cursor).toBe("c1");
	});

	it("asks again for a page that broke, and doubles nothing", async () => {
		const feed = (ids: string[], next: string, more: boolean) =>
			json(200, {
				data: ids.map((id) => ({ id })),
				has_more: more,
				next_after: next,
			});
		const { reelay, heard } = await play(
			feed(["evt_1"], "evt_1", true),
			reset,
			feed(["evt_2"], "evt_2", false),
		);
		const seen: string[] = [];

		for await (const { id } of reelay.events.list()) seen.push(id);

		expect(seen).toEqual(["evt_1", "evt_2"]);
		expect(heard.at(-1)?.url).toBe("/v1/events?after=evt_1");
	});
});
