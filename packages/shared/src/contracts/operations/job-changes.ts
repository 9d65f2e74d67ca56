import { z } from "zod";
import { exampleIds, idSchema } from "../ids.ts";
import { preferSchema, resolveJobSchema, retryJobSchema } from "../job-api.ts";
import { jobSchema } from "../job-view.ts";
import { exampleJob } from "../samples.ts";
import type { Operation } from "./operation.ts";

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

const retryJob: Operation = {
	id: "retryJob",
	method: "post",
	route: "/v1/jobs/{id}/retry",
	tag,
	summary: "Try a job again that has no video",
	description:
		"Accepts a new job like one that failed, expired or was cancelled, with what the body changes. A job is tried again once: asking again gives the same job and costs nothing more, so it needs no Idempotency-Key. To try a third time, retry the second job.",
	scope: "jobs:write",
	path,
	preferences: { Prefer: preferSchema },
	body: { schema: retryJobSchema, isRequired: false },
	answers: [
		{
			status: 202,
			description: "The new job is accepted, or was by an earlier request.",
			schema: jobSchema,
			headers: ["Location", "Idempotency-Replayed", "Preference-Applied"],
		},
	],
	problems: ["budget_exceeded", "not_retryable", "already_retried"],
	examples: [
		{
			summary: "With a shorter video",
			path: examplePath,
			body: { input: { duration: "3" }, priority: "high" },
			status: 202,
			answer: { ...exampleJob("queued"), retry_of: exampleIds.job },
		},
		{
			summary: "As it was",
			path: examplePath,
			status: 202,
			answer: { ...exampleJob("queued"), retry_of: exampleIds.job },
		},
	],
};

const eraseJob: Operation = {
	id: "eraseJob",
	method: "delete",
	route: "/v1/jobs/{id}",
	tag,
	summary: "Erase what a job holds of yours",
	description:
		"Erases the prompts, inputs, results, metadata, tags, your own id and what the provider said, here and in events, of a job that has ended. What it cost stays, with its states and instants. What a late callback brings is erased two days later. Asking twice changes nothing more.",
	scope: "jobs:write",
	path,
	answers: [
		{ status: 200, description: "What is left of it.", schema: jobSchema },
	],
	problems: ["not_final"],
	examples: [
		{
			summary: "A job that has its video",
			path: examplePath,
			status: 200,
			answer: {
				...exampleJob("succeeded"),
				input: {},
				erased_at: "2026-01-02T12:00:00.000Z",
			},
		},
	],
};

/** The operations that change a job. */
export const jobChangeOperations: readonly Operation[] = [
	cancelJob,
	retryJob,
	eraseJob,
	resolveJob,
];
