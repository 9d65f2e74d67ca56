import { z } from "zod";
import { listCallbacksSchema, listSubmissionsSchema } from "../callback-api.ts";
import { callbackSchema } from "../callback-view.ts";
import { callbackIdSchema, exampleIds, idSchema } from "../ids.ts";
import { feedOf } from "../page.ts";
import { exampleCallback, exampleSubmission } from "../samples.ts";
import { submissionSchema } from "../submission-view.ts";
import type { Operation } from "./operation.ts";

const tag = "Jobs";
const scope = "jobs:read";
const path = { id: idSchema("job") };
const examplePath = { id: exampleIds.job };

const listSubmissions: Operation = {
	id: "listJobSubmissions",
	method: "get",
	route: "/v1/jobs/{id}/submissions",
	tag,
	summary: "Read each POST to the provider for a job, and what it cost",
	scope,
	path,
	query: listSubmissionsSchema,
	answers: [
		{
			status: 200,
			description: "The next submissions, oldest first.",
			schema: feedOf(submissionSchema, z.string().regex(/^\d+$/)).meta({
				id: "SubmissionList",
			}),
		},
	],
	examples: [
		{
			summary: "A job that was sent once",
			path: examplePath,
			status: 200,
			answer: { data: [exampleSubmission], has_more: false, next_after: "1" },
		},
	],
};

const listCallbacks: Operation = {
	id: "listJobCallbacks",
	method: "get",
	route: "/v1/jobs/{id}/callbacks",
	tag,
	summary: "Read what the provider called back with",
	description:
		"Word for word but for what was a secret, and what came of each: what a job's result and its cost rest on.",
	scope,
	path,
	query: listCallbacksSchema,
	answers: [
		{
			status: 200,
			description: "The next callbacks, oldest first.",
			schema: feedOf(callbackSchema, callbackIdSchema.nullable()).meta({
				id: "CallbackList",
			}),
		},
	],
	examples: [
		{
			summary: "A job whose video came",
			path: examplePath,
			status: 200,
			answer: {
				data: [exampleCallback],
				has_more: false,
				next_after: exampleCallback.id,
			},
		},
	],
};

/** What a job cost and why. */
export const jobLedgerOperations: readonly Operation[] = [
	listSubmissions,
	listCallbacks,
];
