import { z } from "zod";
import { exampleIds, idSchema } from "../ids.ts";
import {
	createJobSchema,
	idempotencyKeySchema,
	listJobsSchema,
	listTimelineSchema,
	preferSchema,
} from "../job-api.ts";
import { jobPreviewSchema } from "../job-preview.ts";
import { jobSchema } from "../job-view.ts";
import { feedOf, pageOf } from "../page.ts";
import { ifNoneMatchSchema } from "../query.ts";
import { exampleJob } from "../samples.ts";
import { timelineEntrySchema } from "../timeline-view.ts";
import { jobChangeOperations } from "./job-changes.ts";
import type { Operation } from "./operation.ts";
import { lastEventId, streamOf, streamProblems } from "./stream.ts";

const tag = "Jobs";
const path = { id: idSchema("job") };
const examplePath = { id: exampleIds.job };

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
	preferences: { Prefer: preferSchema },
	body: { schema: createJobSchema, isRequired: true },
	answers: [
		{
			status: 202,
			description: "The job is accepted, or was by an earlier request.",
			schema: jobSchema,
			headers: ["Location", "Idempotency-Replayed", "Preference-Applied"],
		},
	],
	problems: ["external_id_taken", "idempotency_key_reused", "budget_exceeded"],
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

const validateJob: Operation = {
	id: "validateJob",
	method: "post",
	route: "/v1/jobs/validate",
	tag,
	summary: "Check a job without creating it",
	description:
		"Everything that creating this job would check: what is wrong is the same problem. Nothing is stored, and nothing is charged.",
	scope: "jobs:write",
	body: { schema: createJobSchema, isRequired: true },
	answers: [
		{
			status: 200,
			description: "Nothing is wrong with it.",
			schema: jobPreviewSchema,
		},
	],
	problems: ["external_id_taken"],
	examples: [
		{
			summary: "Text to video",
			body: {
				input: { prompt: "A paper boat on a quiet lake", duration: "5" },
			},
			status: 200,
			answer: {
				valid: true,
				action: "see2ai_video_generation_kling_3_0_v1",
				mode: "text",
				input: { prompt: "A paper boat on a quiet lake", duration: "5" },
				warnings: [],
				estimate: { points: 70, render_s_p50: 81, render_s_p90: 140 },
			},
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
			summary: "The jobs of a day that you have marked",
			query: {
				tag: "trial",
				metadata: "campaign:spring",
				created_from: "2026-01-01T00:00:00Z",
				created_before: "2026-01-02T00:00:00Z",
			},
			status: 200,
			answer: { data: [], has_more: false, next_cursor: null },
		},
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
	description:
		"Until the job is final, Retry-After says when to ask again; with Prefer the answer comes when the job has ended, or the time is over.",
	scope: "jobs:read",
	path,
	preferences: {
		Prefer: preferSchema,
		"If-None-Match": ifNoneMatchSchema,
	},
	answers: [
		{
			status: 200,
			description: "The job.",
			schema: jobSchema,
			headers: ["Retry-After", "ETag", "Preference-Applied"],
		},
		{
			status: 304,
			description: "It is as it was.",
			headers: ["Retry-After", "ETag", "Preference-Applied"],
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

/** The operations of /v1/jobs. */
export const jobOperations: readonly Operation[] = [
	createJob,
	validateJob,
	listJobs,
	getJob,
	listTimeline,
	...jobChangeOperations,
];
