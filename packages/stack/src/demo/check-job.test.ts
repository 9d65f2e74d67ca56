import type { JobView } from "@reelay/shared/contracts/job-view";
import { describe, expect, it } from "vitest";
import { checkJob, type Evidence } from "./check-job.ts";
import { type LedgerPost, postsOf } from "./ledger.ts";
import type { Arrival } from "./receiver.ts";

function aJob(changes: Partial<JobView> = {}): JobView {
	return {
		id: "job_1",
		state: "succeeded",
		mode: "text",
		result: { urls: ["http://127.0.0.1/1.mp4"] },
		error: null,
		cost: { points: 70, charged: "yes" },
		...changes,
	} as JobView;
}

function anArrival(changes: Partial<Arrival> = {}): Arrival {
	const event = {
		type: "video.succeeded",
		timestamp: "2026-01-02T03:04:05.678Z",
		data: structuredClone({ ...aJob() }) as Record<string, unknown>,
	};
	const seen = { path: "/jobs/1", atMs: 0, eventId: "evt_1" };
	return { ...seen, refusal: null, event, ...changes };
}

function aTimeline(types: string[], at = (n: number) => n) {
	return types.map((type, n) => ({
		...{ id: String(n), type, data: null },
		at: new Date(at(n)).toISOString(),
	}));
}

function aPost(changes: Partial<LedgerPost> = {}): LedgerPost {
	return { n: 1, charged: true, points: 70, callback_url: null, ...changes };
}

const mp4 = { width: 320, height: 180, seconds: 5 };
const video = { status: 200, contentType: "video/mp4", mp4 };

function problemsOf(changes: Partial<Evidence> = {}): string {
	const { webhook, rest } = checkJob({
		input: { duration: "5", aspect_ratio: "16:9", mode: "pro" },
		job: aJob(),
		timeline: aTimeline(["accepted", "submitting", "succeeded"]),
		arrivals: [anArrival()],
		video,
		posts: [aPost()],
		...changes,
	});
	return [...webhook, ...rest].join("\n");
}

it("finds nothing wrong with a job of which all is right", () => {
	expect(problemsOf()).toBe("");
	expect(problemsOf({ posts: null })).toBe("");
});

it("allows a job to wait for a busy provider on its way", () => {
	const types = ["accepted", "submitting", "requeued", "submitting"];
	const timeline = aTimeline([...types, "rendering", "succeeded"]);
	const refused = aPost({ charged: false, points: 0 });

	expect(problemsOf({ timeline, posts: [refused, aPost()] })).toBe("");
});

describe("a webhook is wrong", () => {
	const event = anArrival().event ?? {};

	it.each<[string, Arrival[], string]>([
		["that did not come", [], "No webhook came."],
		[
			"whose signature does not hold",
			[anArrival({ refusal: "No matching signature found", event: null })],
			"No matching signature",
		],
		["that came twice", [anArrival(), anArrival()], "evt_1, evt_1"],
		[
			"of another event",
			[anArrival({ event: { ...event, type: "video.failed" } })],
			"video.failed",
		],
		[
			"without an instant",
			[anArrival({ event: { ...event, timestamp: "soon" } })],
			"soon",
		],
		[
			"about another job",
			[anArrival({ event: { ...event, data: { ...aJob({ id: "job_2" }) } } })],
			"differ in id.",
		],
		[
			"that says less than the API",
			[anArrival({ event: { type: "video.succeeded" } })],
			"result",
		],
	])("%s", (_, arrivals, problem) => {
		expect(problemsOf({ arrivals })).toContain(problem);
	});
});

describe("a job is wrong", () => {
	const failed = {
		error: { code: "provider_refused", message: "Too dark." },
		state: "failed",
	} as Partial<JobView>;

	it.each<[string, Partial<Evidence>, string]>([
		["that failed", { job: aJob(failed) }, "provider_refused, Too dark."],
		[
			"that nobody submits",
			{ job: aJob({ state: "queued" }), arrivals: [] },
			"is the worker running?",
		],
		[
			"that waits for money",
			{ job: aJob({ state: "queued", waiting_for: "provider_funds" }) },
			"provider_funds",
		],
		[
			"that renders for ever",
			{ job: aJob({ state: "rendering" }) },
			"still rendering",
		],
		[
			"whose timeline lacks a step",
			{ timeline: aTimeline(["accepted", "succeeded"]) },
			"timeline",
		],
		[
			"whose timeline is out of order",
			{ timeline: aTimeline(["accepted", "succeeded", "submitting"]) },
			"timeline",
		],
		[
			"whose times go back",
			{
				timeline: aTimeline(
					["accepted", "submitting", "succeeded"],
					(n) => 9 - n,
				),
			},
			"timeline",
		],
		[
			"that is said to be free",
			{
				job: aJob({
					cost: { points: null, charged: "possible", estimate_points: null },
				}),
			},
			'charged "possible"',
		],
		["that nobody paid", { posts: [] }, "charged 0 submissions"],
		["that was paid twice", { posts: [aPost(), aPost()] }, "charged 2"],
		["with another price", { posts: [aPost({ points: 50 })] }, "50 points"],
	])("%s", (_, changes, problem) => {
		expect(problemsOf(changes)).toContain(problem);
	});
});

describe("a video is wrong", () => {
	it.each<[string, Evidence["video"], string]>([
		["without a URL", null, "no result URL"],
		["that cannot be reached", { error: "ECONNREFUSED" }, "ECONNREFUSED"],
		["that is gone", { ...video, status: 404 }, "404"],
		["of another type", { ...video, contentType: "text/html" }, "text/html"],
		["that is none", { ...video, mp4: null }, "not an MP4"],
		[
			"of another length",
			{ ...video, mp4: { ...mp4, seconds: 10 } },
			"10 s, and 5 s",
		],
		[
			"of another shape",
			{ ...video, mp4: { ...mp4, width: 180, height: 320 } },
			"180×320",
		],
	])("%s", (_, seen, problem) => {
		expect(problemsOf({ video: seen })).toContain(problem);
	});

	it("but may have the shape of its first frame", () => {
		const upright = { ...video, mp4: { ...mp4, width: 180, height: 320 } };
		const job = aJob({ mode: "first_frame" });
		const arrivals = [
			anArrival({ event: { ...anArrival().event, data: { ...job } } }),
		];

		expect(problemsOf({ video: upright, job, arrivals })).toBe("");
	});
});

it("finds a job's POSTs by the callback address of its submissions", () => {
	const post = (id: string) =>
		aPost({ callback_url: `http://127.0.0.1/callbacks/see2ai/${id}.k1.mac` });
	const posts = [post("sub_1"), post("sub_11"), post("sub_2"), aPost()];

	expect(postsOf(posts, ["sub_1", "sub_2"])).toEqual([
		post("sub_1"),
		post("sub_2"),
	]);
});
