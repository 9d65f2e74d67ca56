/**
 * Everything that must be true of one job at the end, as a pure function from
 * what was seen to the sentences about what was not right. None means right.
 */
import { isDeepStrictEqual } from "node:util";
import type { JobView } from "@reelay/shared/contracts/job-view";
import { isFinal } from "@reelay/shared/domain/job";
import type { TimelineEntry } from "./api.ts";
import type { DemoInput } from "./jobs.ts";
import type { LedgerPost } from "./ledger.ts";
import type { Arrival } from "./receiver.ts";
import type { Video } from "./video.ts";

export type Evidence = {
	input: DemoInput;
	job: JobView;
	timeline: TimelineEntry[];
	arrivals: Arrival[];
	video: Video | null;
	/** Null where the provider is not the simulator. */
	posts: LedgerPost[] | null;
};

/** How far a video may be from what was asked: encoders round. */
const ratioTolerance = 0.02;
const secondsTolerance = 0.5;

const milestones = ["accepted", "submitting", "succeeded"];

export function checkJob(evidence: Evidence): {
	webhook: string[];
	rest: string[];
} {
	const { job, timeline } = evidence;
	if (!isFinal(job.state)) return { webhook: [liveSentence(job)], rest: [] };
	const webhook = checkWebhook(evidence);
	if (job.state !== "succeeded") return { webhook, rest: [endSentence(job)] };
	const rest = [
		checkTimeline(timeline),
		checkCost(evidence),
		checkLedger(evidence),
		checkVideo(evidence),
	];
	return { webhook, rest: rest.filter((problem) => problem !== null) };
}

function liveSentence({ state, waiting_for: waitingFor }: JobView): string {
	const none = `No webhook came: the job is still ${state}`;
	if (state !== "queued") return `${none}.`;
	if (waitingFor) return `${none} and waits for ${waitingFor}.`;
	return `${none}; is the worker running?`;
}

function endSentence({ state, error }: JobView): string {
	if (error) return `The job is ${state}: ${error.code}, ${error.message}`;
	return `The job is ${state}, and should have succeeded.`;
}

function checkWebhook({ job, arrivals }: Evidence): string[] {
	const [arrival, ...others] = arrivals;
	if (!arrival) return ["No webhook came."];
	const refused = arrivals.find(({ refusal }) => refusal !== null);
	if (refused) return [`A webhook could not be verified: ${refused.refusal}.`];

	const problems: string[] = [];
	if (others.length > 0) {
		const ids = arrivals.map(({ eventId }) => eventId ?? "none").join(", ");
		problems.push(
			`${arrivals.length} webhooks came, and one is expected (${ids}).`,
		);
	}
	const { type, timestamp, data = {} } = arrival.event ?? {};
	if (type !== `video.${job.state}`) {
		problems.push(`The event is ${type}, and the job is ${job.state}.`);
	}
	if (Number.isNaN(Date.parse(String(timestamp)))) {
		problems.push(`The event's timestamp is ${timestamp}.`);
	}
	const fields = listDifferences(data, job);
	if (fields.length > 0) {
		problems.push(`The event and the API differ in ${fields.join(", ")}.`);
	}
	return problems;
}

function listDifferences(
	told: Record<string, unknown>,
	shown: Record<string, unknown>,
): string[] {
	const names = new Set([...Object.keys(told), ...Object.keys(shown)]);
	return [...names].filter(
		(name) => !isDeepStrictEqual(told[name], shown[name]),
	);
}

// Others may stand between: a busy provider sends a job back to the queue.
function checkTimeline(timeline: TimelineEntry[]): string | null {
	const times = timeline.map(({ at }) => Date.parse(at));
	const types = timeline.map(({ type }) => type);
	const places = milestones.map((type) => types.lastIndexOf(type));
	const isInOrder =
		places.every((place, n) => place > (places[n - 1] ?? -1)) &&
		times.every((time, n) => time >= (times[n - 1] ?? 0));
	if (isInOrder) return null;
	return `The timeline is not ${milestones.join(", ")} in order of time: ${types.join(", ")}.`;
}

function checkCost({ job }: Evidence): string | null {
	const { points, charged } = job.cost;
	if (charged === "yes" && Number(points) > 0) return null;
	return `The cost is ${points} points, charged "${charged}".`;
}

function checkLedger({ job, posts }: Evidence): string | null {
	if (posts === null) return null;
	const charged = posts.filter((post) => post.charged);
	if (charged.length !== 1) {
		return `The provider charged ${charged.length} submissions, and one is expected.`;
	}
	const points = charged[0]?.points;
	if (points === job.cost.points) return null;
	return `The provider charged ${points} points, and the job says ${job.cost.points}.`;
}

function checkVideo({ input, job, video }: Evidence): string | null {
	if (video === null) return "There is no result URL.";
	if ("error" in video) return `The result URL gave no video: ${video.error}.`;
	const { status, contentType, mp4 } = video;
	if (status !== 200 || !contentType.startsWith("video/mp4") || !mp4) {
		const what = mp4 ? "an MP4" : "not an MP4";
		return `The result URL gave ${status}, ${contentType}, ${what}.`;
	}
	const asked = Number(input.duration);
	if (Math.abs(mp4.seconds - asked) > secondsTolerance) {
		return `The video lasts ${mp4.seconds} s, and ${asked} s were asked for.`;
	}
	// With a first frame the picture decides.
	if (job.mode !== "text" || !input.aspect_ratio) return null;
	const [across = 1, down = 1] = input.aspect_ratio.split(":").map(Number);
	const ratio = mp4.width / mp4.height / (across / down);
	if (Math.abs(ratio - 1) <= ratioTolerance) return null;
	return `The video is ${mp4.width}×${mp4.height}, and ${input.aspect_ratio} was asked for.`;
}
