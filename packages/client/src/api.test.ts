import { settleSubmission } from "@reelay/shared/store/settle";
import { acceptSubmission } from "@reelay/shared/store/submissions";
import { aJob, submissionOf } from "@reelay/shared/testing/factories";
import { type NetworkProxy, startProxy } from "@reelay/shared/testing/proxy";
import { aSuccess } from "@reelay/shared/testing/reports";
import {
	type ApiProcess,
	startApiProcess,
} from "@reelay/stack/testing/api-process";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Job, Reelay, type ReelayError } from "./index.ts";
import { type Heard, startScriptedServer } from "./testing/scripted-server.ts";

let api: ApiProcess;
let reelay: Reelay;
let network: NetworkProxy;
/** The same API by way of a network that can be cut. */
let shaky: Reelay;

beforeAll(async () => {
	api = await startApiProcess();
	reelay = new Reelay({ apiKey: api.apiKey, baseUrl: api.url });
	network = await startProxy(api.url);
	shaky = new Reelay({ apiKey: api.apiKey, baseUrl: network.url });
});
afterAll(async () => {
	await network?.close();
	await api?.close();
});

const body = { input: { prompt: "A paper boat on a quiet lake" } };

describe("jobs", () => {
	it("creates, reads, lists and cancels a job", async () => {
		const created = await reelay.jobs.create({ ...body, tags: ["mine"] });

		const seen = await reelay.jobs.get(created.id);
		const listed: Job[] = [];
		for await (const job of reelay.jobs.list({ state: ["queued"], limit: 1 })) {
			listed.push(job);
		}
		const cancelled = await reelay.jobs.cancel(created.id);
		const again = await reelay.jobs.cancel(created.id);

		expect(created).toMatchObject({ state: "queued", tags: ["mine"] });
		expect(seen.id).toBe(created.id);
		expect(listed.map(({ id }) => id)).toContain(created.id);
		expect(cancelled.cancel.effect).toBe("cancelled");
		expect(again.cancel.effect).toBe("none");
	});

	it("makes one job for one key, and says that it was there", async () => {
		const first = await reelay.jobs.create(body);

		const second = await reelay.jobs.create(body, {
			idempotencyKey: first.idempotency_key,
		});

		expect(second.id).toBe(first.id);
		expect([first, second].map((job) => job.idempotency_replayed)).toEqual([
			false,
			true,
		]);
	});

	it("makes one job although the first answer says 503 and that it was accepted is lost", async () => {
		// Passes every create on, and answers the first as a proxy that did not wait.
		const proxy = await startScriptedServer(
			async (res, heard) => {
				await passOn(heard);
				res.writeHead(503, { "content-type": "text/html" }).end("<h1>503</h1>");
			},
			async (res, heard) => {
				const answer = await passOn(heard);
				res.writeHead(answer.status, Object.fromEntries(answer.headers));
				res.end(await answer.text());
			},
		);
		const behind = new Reelay({ apiKey: api.apiKey, baseUrl: proxy.url });
		const before = await countJobs();

		const job = await behind.jobs.create(body);

		await proxy.close();
		expect(job.idempotency_replayed).toBe(true);
		expect((await countJobs()) - before).toBe(1);
	});

	it("tells every mistake with its pointer", async () => {
		const error: ReelayError = await reelay.jobs
			.create({ input: { prompt: "x", duration: "99" } })
			.then(
				() => expect.fail("it was accepted"),
				(thrown) => thrown,
			);

		expect(error).toMatchObject({
			code: "invalid_request",
			status: 422,
			errors: [expect.objectContaining({ pointer: "/input/duration" })],
			requestId: expect.any(String),
		});
	});

	it("reads submissions and callbacks", async () => {
		const job = await aJob(api.store, { state: "succeeded" });

		const { data } = await reelay.jobs.submissions(job.id).page();
		const callbacks = await reelay.jobs.callbacks(job.id).page();

		expect(data).toMatchObject([{ n: 1, state: "succeeded" }]);
		expect(callbacks.data).toEqual([]);
	});

	it("resolves what nobody can know, as an operator", async () => {
		const job = await aJob(api.store, { state: "unknown" });

		const resolved = await reelay.jobs.resolve(job.id, {
			outcome: "failed",
			charged: "no",
		});

		expect(resolved.state).toBe("failed");
	});
});

describe("waiting and following", () => {
	it("returns the job when it succeeds, and told of every state on the way", async () => {
		const job = await aJob(api.store, { state: "submitting" });
		const seen: string[] = [];

		const done = await reelay.jobs.waitFor(job.id, {
			onUpdate({ state }) {
				seen.push(state);
				if (state === "submitting") void accept(job);
				if (state === "rendering") void succeed(job);
			},
		});

		expect(done.result?.urls).toEqual(["https://cdn.example.com/video.mp4"]);
		expect(seen).toEqual(["submitting", "rendering", "succeeded"]);
	});

	it("creates and waits in one call", async () => {
		const done = await reelay.jobs.createAndWait(body, {
			onUpdate: ({ id, state }) => {
				if (state === "queued") void reelay.jobs.cancel(id);
			},
		});

		expect(done.state).toBe("cancelled");
	});

	it("goes on with a wait that was given up", async () => {
		const job = await aJob(api.store, { state: "rendering" });
		const error: ReelayError = await reelay.jobs
			.waitFor(job.id, { timeoutMs: 200 })
			.then(
				() => expect.fail("it ended"),
				(thrown) => thrown,
			);
		await succeed(job);

		const done = await reelay.jobs.waitFor(error.jobId ?? "");

		expect(error).toMatchObject({ code: "wait_timeout", jobId: job.id });
		expect(done.state).toBe("succeeded");
	});

	it("waits and follows on through a network that is cut, losing and doubling nothing", async () => {
		const job = await aJob(api.store, { state: "submitting" });
		const types: string[] = [];
		const waiting = shaky.jobs.waitFor(job.id);
		const following = (async () => {
			for await (const { type } of shaky.jobs.events(job.id)) types.push(type);
		})();
		await vi.waitFor(() => expect(types).toEqual(["accepted", "submitting"]));

		network.cut();
		await accept(job);
		network.restore();
		await vi.waitFor(() => expect(types).toHaveLength(3), { timeout: 10_000 });
		network.cut();
		await succeed(job);
		network.restore();
		await following;

		expect(types).toEqual(["accepted", "submitting", "rendering", "succeeded"]);
		expect((await waiting).state).toBe("succeeded");
	});

	it("waits through the death of the api", async () => {
		const job = await aJob(api.store, { state: "rendering" });
		const waiting = reelay.jobs.waitFor(job.id);

		await api.crash();
		await succeed(job);
		await api.restart();

		expect((await waiting).state).toBe("succeeded");
	}, 30_000);
});

function passOn({ method, url, headers, body }: Heard): Promise<Response> {
	const kept = ["authorization", "content-type", "idempotency-key"];
	const entries = kept.map((name) => [name, String(headers[name])] as const);
	return fetch(`${api.url}${url}`, {
		method,
		headers: Object.fromEntries(entries),
		body,
	});
}

async function countJobs(): Promise<number> {
	let count = 0;
	for await (const _ of reelay.jobs.list({ limit: 100 })) count += 1;
	return count;
}

function accept(job: Parameters<typeof submissionOf>[0]) {
	return acceptSubmission(api.store.db, {
		submissionId: submissionOf(job),
		taskId: null,
		httpStatus: 200,
		callback: null,
	});
}

function succeed(job: Parameters<typeof submissionOf>[0]) {
	return settleSubmission(api.store.db, aSuccess(submissionOf(job)));
}
