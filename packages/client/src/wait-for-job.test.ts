import { afterEach, describe, expect, it } from "vitest";
import { type Job, Reelay, ReelayError } from "./index.ts";
import {
	type Heard,
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
afterEach(async () => {
	await Promise.all(servers.splice(0).map((server) => server.close()));
});

const at = (state: string): Scene =>
	json(200, { id: "job_1", state }, { "retry-after": "0" });
const place = "id: 4\n\n";
const entry = "id: 5\nevent: rendering\ndata: {}\n\n";
const end = 'event: end\ndata: {"state":"succeeded"}\n\n';

/** Jobs and streams come from scripts of their own, for which asks first is not the point. */
async function play(jobs: Scene[], streams: Scene[]) {
	const asked = { jobs: 0, streams: 0 };
	const heard: Heard[] = [];
	const server = await startScriptedServer((res, one) => {
		heard.push(one);
		const kind = one.url.includes("/events") ? "streams" : "jobs";
		const scenes = { jobs, streams }[kind];
		const scene = scenes[Math.min(asked[kind], scenes.length - 1)];
		asked[kind] += 1;
		return scene?.(res, one);
	});
	servers.push(server);
	const reelay = new Reelay({ apiKey: "rl_test", baseUrl: server.url });
	const seen: string[] = [];
	const onUpdate = ({ state }: Job) => void seen.push(state);
	return { reelay, asked, heard, seen, onUpdate };
}

async function failureOf(promise: Promise<unknown>): Promise<ReelayError> {
	const error = await promise.then(
		() => expect.fail("it did not fail"),
		(thrown: unknown) => thrown,
	);
	expect(error).toBeInstanceOf(ReelayError);
	return error as ReelayError;
}

describe("jobs.waitFor", () => {
	it("asks for the job when its timeline tells of something, and tells each change once", async () => {
		const { reelay, asked, seen, onUpdate } = await play(
			[at("queued"), at("queued"), at("rendering"), at("succeeded")],
			[stream(place + entry + end, "open")],
		);

		const job = await reelay.jobs.waitFor("job_1", { onUpdate });

		expect(job.state).toBe("succeeded");
		expect(seen).toEqual(["queued", "rendering", "succeeded"]);
		expect(asked).toEqual({ jobs: 4, streams: 1 });
	});

	it("does not follow a job that has ended", async () => {
		const { reelay, asked } = await play([at("expired")], []);

		const job = await reelay.jobs.waitFor("job_1");

		expect(job.state).toBe("expired");
		expect(asked).toEqual({ jobs: 1, streams: 0 });
	});

	it.each([
		["refused", problem(429, "too_many_streams", { retryable: true })],
		["full", problem(503, "streams_full", { retryable: true })],
		["cut", reset],
		["a page of a proxy", html(200)],
		["a page of JSON", json(200, { data: [] })],
	])("asks from time to time where streams are %s", async (_name, scene) => {
		const { reelay, asked } = await play(
			[at("queued"), at("queued"), at("queued"), at("succeeded")],
			[scene],
		);

		const job = await reelay.jobs.waitFor("job_1");

		expect(job.state).toBe("succeeded");
		expect(asked).toEqual({ jobs: 4, streams: 2 });
	});

	it("sees an end that came while the stream was cut", async () => {
		const { reelay } = await play(
			[at("queued"), at("queued"), at("succeeded")],
			[stream(place, "reset")],
		);

		const job = await reelay.jobs.waitFor("job_1");

		expect(job.state).toBe("succeeded");
	});

	it("comes back to its stream behind the place where that broke", async () => {
		const { reelay, heard } = await play(
			[at("queued"), at("queued"), at("queued"), at("succeeded")],
			[stream(place, "reset"), stream(end, "open")],
		);

		await reelay.jobs.waitFor("job_1");

		const streams = heard.filter(({ url }) => url.includes("/events"));
		expect(streams.map(({ url }) => url)).toEqual([
			"/v1/jobs/job_1/events?after=now",
			"/v1/jobs/job_1/events?after=now",
		]);
		expect(streams[1]?.headers["last-event-id"]).toBe("4");
	});

	it("gives up in time, and its error has the id and the job to go on with", async () => {
		const { reelay } = await play([at("rendering")], [stream(place, "open")]);

		const error = await failureOf(
			reelay.jobs.waitFor("job_1", { timeoutMs: 300 }),
		);

		expect(error).toMatchObject({
			name: "ReelayTimeoutError",
			code: "wait_timeout",
			jobId: "job_1",
			job: { state: "rendering" },
			message:
				"The job job_1 is rendering after 300 ms. It goes on; wait for it again by its id.",
		});
	});

	it("ends by a signal, and its error has the id", async () => {
		const leaving = new AbortController();
		const { reelay } = await play([at("queued")], [stream(place, "open")]);

		const error = await failureOf(
			reelay.jobs.waitFor("job_1", {
				signal: leaving.signal,
				onUpdate: () => leaving.abort(),
			}),
		);

		expect(error).toMatchObject({ code: "aborted", jobId: "job_1" });
	});

	it("does not wait for what is not there", async () => {
		const { reelay, asked } = await play([problem(404, "not_found")], []);

		const error = await failureOf(reelay.jobs.waitFor("job_1"));

		expect(error).toMatchObject({ code: "not_found", jobId: "job_1" });
		expect(asked.jobs).toBe(1);
	});

	it("passes on what its listener throws", async () => {
		const { reelay } = await play([at("queued")], []);
		const onUpdate = () => {
			throw new Error("mine");
		};

		const waiting = reelay.jobs.waitFor("job_1", { onUpdate });

		await expect(waiting).rejects.toThrow("mine");
	});
});

describe("jobs.createAndWait", () => {
	it("keeps the id when the connection is lost for good after the create", async () => {
		let requests = 0;
		const server = await startScriptedServer((res, heard) => {
			requests += 1;
			const scene = requests === 1 ? json(202, { id: "job_1" }) : reset;
			return scene(res, heard);
		});
		servers.push(server);
		const reelay = new Reelay({
			apiKey: "rl_test",
			baseUrl: server.url,
			maxRetries: 0,
		});

		const error = await failureOf(
			reelay.jobs.createAndWait({ input: {} }, { outageMs: 0 }),
		);

		expect(error).toMatchObject({ code: "connection_failed", jobId: "job_1" });
	});
});
