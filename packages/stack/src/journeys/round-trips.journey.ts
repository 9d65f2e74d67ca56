import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inputs } from "./inputs.ts";
import type { JsonAnswer } from "./json-answer.ts";
import {
	type CountingStage,
	openCountingStage,
	postTogether,
	type RoundTrips,
} from "./round-trips.ts";
import { bells } from "./stage.ts";

// Of one job alone, with all that is remembered already known.
const accepted: RoundTrips = {
	"api: accept": 1,
	// It takes the job, and says that it saw no other.
	"worker: claim": 1,
	"worker: accepted by the answer": 1,
};
const calledBack: RoundTrips = {
	"webhook: settle by the callback": 1,
	// A render has ended, so there may be a free slot.
	"worker: claim": 1,
	// One takes the delivery; its end frees a place, and one more finds nothing.
	"worker: claim deliveries": 2,
	"worker: record an attempt": 1,
};

const crowd = 50;

describe.each(bells)("round trips to Postgres, rung by %s", (bell) => {
	let stage: CountingStage | null = null;
	beforeAll(async () => {
		stage = await openCountingStage(bell);
	});
	afterAll(async () => stage?.close());

	it("are eight for a job from its 202 to its webhook: six that carry it on, and two that find no more to do", async (test) => {
		if (stage === null) return test.skip();
		const { api, receiver } = stage;
		const body = { input: inputs.text, webhook_url: receiver.url };

		// The first makes what later ones find: connections, plans, and what is remembered.
		for (const isCounted of [false, true, true]) {
			const before = receiver.received.length;
			// The key is remembered for 5 s from here.
			await api("/v1/jobs/job_none");
			stage.begin();
			await api("/v1/jobs", { body });
			await untilCounted(stage, accepted, isCounted);
			stage.begin();
			await callBack(stage, 1);
			await untilCounted(stage, calledBack, isCounted);

			expect(receiver.received).toHaveLength(before + 1);
		}
	});

	it("are at most three for 50 jobs of one tenant, and at most four for 50 callbacks, that come at the same moment", async (test) => {
		if (stage === null) return test.skip();
		const { stack, apiUrl } = stage;
		const before = (await stage.posts(1_000)).length;
		await stage.api("/v1/jobs/job_none");

		stage.begin();
		const created = await postTogether(
			{ pid: stack.processes.get("api")?.pid ?? 0, url: apiUrl },
			Array.from({ length: crowd }, () => ({
				path: "/v1/jobs",
				headers: [`authorization: Bearer ${stack.secrets.BOOTSTRAP_API_KEY}`],
				body: { input: inputs.text },
			})),
		);
		const accepts = countOf(stage, "api: accept", "api: ");
		await untilRendering(stage, before + crowd);
		stage.begin();
		const settled = await callBack(stage, crowd);
		const settles = countOf(
			stage,
			"webhook: settle by the callback",
			"webhook: ",
		);

		expect([...new Set(created)]).toEqual([202]);
		expect([...new Set(settled)]).toEqual([200]);
		expect(accepts).toBeLessThanOrEqual(3);
		expect(settles).toBeLessThanOrEqual(4);
		process.stdout.write(
			`${crowd} accepts in ${accepts} statements, ${crowd} callbacks in ${settles}, rung by ${bell}\n`,
		);
	});
});

async function untilCounted(
	stage: CountingStage,
	expected: RoundTrips,
	isCounted: boolean,
): Promise<void> {
	await eventually(() => {
		const counted = stage.counted();
		if (isCounted) return expect(counted).toEqual(expected);
		for (const [name, count] of Object.entries(expected)) {
			expect(counted[name]).toBeGreaterThanOrEqual(count);
		}
	});
}

/** Of one process, which must have made no others. */
function countOf(stage: CountingStage, name: string, by: string): number {
	const counted = stage.counted();
	const own = Object.keys(counted).filter((one) => one.startsWith(by));
	expect(own).toEqual([name]);
	return counted[name] ?? 0;
}

async function untilRendering(
	stage: CountingStage,
	posts: number,
): Promise<void> {
	await eventually(async () => {
		expect(await stage.posts(1_000)).toHaveLength(posts);
		const jobs = await stage.api("/v1/jobs?state=submitting");
		expect(jobs.body.data).toEqual([]);
	});
}

/** The provider's callbacks for its newest POSTs, at the same moment. */
async function callBack(
	stage: CountingStage,
	count: number,
): Promise<number[]> {
	const pid = stage.stack.processes.get("webhook")?.pid ?? 0;
	const posts = await stage.posts(count);
	return postTogether(
		{ pid, url: stage.receiverUrl },
		posts.map((post) => ({
			path: new URL(post.callback_url).pathname,
			body: successOf(post),
		})),
	);
}

const successOf = ({ task_id }: JsonAnswer) => ({
	task_id,
	state: "success",
	result_urls: ["https://cdn.example.com/video.mp4"],
	cost_time: 81_000,
	cost_points: 120,
	model: "kling-3.0/video",
});
