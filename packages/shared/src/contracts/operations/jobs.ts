import { z } from "zod";
import { exampleIds, idSchema } from "../ids.ts";
import {
	createJobSchema,
	idempotencyKeySchema,
	listJobsSchema,
	listTimelineSchema,
	resolveJobSchema,
} from "../job-api.ts";
import { jobSchema } from "../job-view.ts";
import { feedOf, pageOf } from "../page.ts";
import { exampleJob } from "../samples.ts";
import { timelineEntrySchema } from "../timeline-view.ts";
import type { Operation } from "./operation.ts";
import { lastEventId, streamOf, streamProblems } from "./stream.ts";

const tag = "Jobs";
const path = { id: idSchema("job") };
const examplePath = { id: exampleIds.job };

/** What a cancel says of itself, beside the job. */
export const cancelledJobSchema = jobSchema
	.extend({
		cancel: z.strictObject({
			effect: z.enum(["cancelled", "requested", "none"]).meta({
				description:
					"cancelled: it had not been sent, and is ended. requested: it was sent, cannot be stopped, and ends as cancelled when its result arrives. none: it had ended before.",
			}),
			message: z.string(),
		}),
	})
	.meta({ id: "CancelledJob" });

const createJob: Operation = {
	id: "createJob",
	method: "post",
	route: "/v1/jobs",
	tag,
	summary: "Accept a job",
	description:
		"Answers when the job is stored and can no longer be lost. The whole request is checked before any money is spent, and every mistake is named in one answer. With an Idempotency-Key it is safe to repeat: for 24 hours the same key with the same request gives the same job.",
	scope: "jobs:write",
	headers: {
		"Idempotency-Key": idempotencyKeySchema.meta({
			description:
				"A name of your own for this request. The same key with another request is refused.",
		}),
	},
	body: { schema: createJobSchema, isRequired: true },
	answers: [
		{
			status: 202,
			description: "The job is accepted, or was by an earlier request.",
			schema: jobSchema,
			headers: ["Location", "Idempotency-Replayed"],
		},
	],
	problems: ["external_id_taken", "idempotency_key_reused"],
	examples: [
		{
			summary: "Text to video",
			headers: { "Idempotency-Key": "order-7" },
			body: {
				input: { prompt: "A paper boat on a quiet lake", duration: "5" },
			},
			status: 202,
			answer: exampleJob("queued"),
		},
		{
			summary: "Everything that a job can say of itself",
			body: {
				action: "see2ai_video_generation_kling_3_0_v1",
				input: {
					prompt: "@boat drifts past the pier",
					image_urls: ["https://example.com/first-frame.png"],
					kling_elements: [
						{
							name: "boat",
							element_input_urls: [
								"https://example.com/boat-1.png",
								"https://example.com/boat-2.png",
							],
						},
					],
					duration: "10",
					aspect_ratio: "9:16",
					mode: "std",
					sound: true,
				},
				webhook_url: "https://example.com/reelay",
				external_id: "order-8",
				metadata: { campaign: "spring" },
				tags: ["trial"],
				priority: "high",
				start_within_s: 3600,
				timeout_s: 1800,
				on_unknown: "hold",
			},
			status: 202,
			answer: exampleJob("queued"),
		},
		{
			summary: "Several shots",
			body: {
				input: {
					multi_shots: true,
					multi_prompt: [
						{ prompt: "A paper boat is folded", duration: "3" },
						{ prompt: "It is set on the water", duration: "4" },
					],
					duration: "7",
				},
			},
			status: 202,
			answer: exampleJob("queued"),
		},
	],
};

const listJobs: Operation = {
	id: "listJobs",
	method: "get",
	route: "/v1/jobs",
	tag,
	summary: "List jobs, newest first",
	scope: "jobs:read",
	query: listJobsSchema,
	answers: [
		{
			status: 200,
			description: "A page of jobs.",
			schema: pageOf(jobSchema).meta({ id: "JobPage" }),
		},
	],
	examples: [
		{
			summary: "The last jobs that have no video",
			query: { state: "failed,expired", limit: "50" },
			status: 200,
			answer: {
				data: [exampleJob("failed")],
				has_more: false,
				next_cursor: null,
			},
		},
	],
};

const getJob: Operation = {
	id: "getJob",
	method: "get",
	route: "/v1/jobs/{id}",
	tag,
	summary: "Read a job",
	description: "Until the job is final, Retry-After says when to ask again.",
	scope: "jobs:read",
	path,
	answers: [
		{
			status: 200,
			description: "The job.",
			schema: jobSchema,
			headers: ["Retry-After"],
		},
	],
	examples: [
		{
			summary: "A job that has its video",
			path: examplePath,
			status: 200,
			answer: exampleJob("succeeded"),
		},
	],
};

const listTimeline: Operation = {
	id: "listJobTimeline",
	method: "get",
	route: "/v1/jobs/{id}/events",
	tag,
	summary: "Read a job's timeline, oldest first",
	scope: "jobs:read",
	path,
	query: listTimelineSchema,
	headers: lastEventId,
	answers: [
		{
			status: 200,
			description: "The next entries.",
			schema: feedOf(timelineEntrySchema, z.string().regex(/^\d+$/)).meta({
				id: "Timeline",
			}),
		},
		streamOf("entries", "It ends, after an event named end, when the job has."),
	],
	problems: streamProblems,
	examples: [
		{
			summary: "From the beginning",
			path: examplePath,
			status: 200,
			answer: {
				data: [
					{
						id: "1",
						type: "accepted",
						at: "2026-01-01T12:00:00.000Z",
						data: {},
					},
				],
				has_more: false,
				next_after: "1",
			},
		},
	],
};

const cancelJob: Operation = {
	id: "cancelJob",
	method: "post",
	route: "/v1/jobs/{id}/cancel",
	tag,
	summary: "Cancel a job",
	description:
		"Ends a queued job at once and free of charge. The provider cannot be stopped, so a job that was sent goes on, and may be charged; `cancel.effect` says which it was. Asking twice changes nothing more.",
	scope: "jobs:write",
	path,
	answers: [
		{
			status: 200,
			description: "The job, and what the cancel did.",
			schema: cancelledJobSchema,
		},
	],
	examples: [
		{
			summary: "A queued job",
			path: examplePath,
			status: 200,
			answer: {
				...exampleJob("cancelled"),
				cancel: {
					effect: "cancelled",
					message:
						"The job was not under way: it is cancelled, and nothing was charged.",
				},
			},
		},
	],
};

const resolveJob: Operation = {
	id: "resolveJob",
	method: "post",
	route: "/v1/jobs/{id}/resolve",
	tag,
	summary: "Say what became of a job whose outcome is unknown",
	description:
		"An operator's word on a job that is unknown or overdue: that it succeeded or failed, or that it is to be sent again, within max_submissions. A callback that came first wins. Who said what is kept in an audit log.",
	scope: "admin",
	path,
	body: { schema: resolveJobSchema, isRequired: true },
	answers: [
		{ status: 200, description: "The job afterwards.", schema: jobSchema },
	],
	problems: ["not_resolvable", "submissions_spent"],
	examples: [
		{
			summary: "The provider's console shows the video",
			path: examplePath,
			body: {
				outcome: "succeeded",
				urls: ["https://example.com/video.mp4"],
				cost_points: 70,
				note: "seen in the console",
			},
			status: 200,
			answer: exampleJob("succeeded"),
		},
		{
			summary: "The provider never took it",
			path: examplePath,
			body: { outcome: "failed", charged: "no" },
			status: 200,
			answer: exampleJob("failed"),
		},
	],
};

/** The operations of /v1/jobs. */
export const jobOperations: readonly Operation[] = [
	createJob,
	listJobs,
	getJob,
	listTimeline,
	cancelJob,
	resolveJob,
];
