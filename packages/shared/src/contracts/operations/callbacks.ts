import { z } from "zod";
import { callbackOutcomes } from "../../domain/callback-record.ts";
import {
	listQuarantinedSchema,
	replayCallbackSchema,
	replayCallbacksSchema,
} from "../callback-api.ts";
import {
	operatorsCallbackSchema,
	replayedCallbackSchema,
} from "../callback-view.ts";
import { callbackIdSchema, exampleCallbackId } from "../ids.ts";
import { feedOf } from "../page.ts";
import { exampleReplayed, exampleSetAside } from "../samples.ts";
import type { Operation } from "./operation.ts";

const tag = "Callbacks";
const scope = "admin";
const path = { id: callbackIdSchema };
const examplePath = { id: exampleCallbackId };
const dryRun = z.boolean();

const listQuarantined: Operation = {
	id: "listCallbacks",
	method: "get",
	route: "/v1/callbacks",
	tag,
	summary: "List callbacks that were set aside",
	description:
		"Those of your tenant's jobs that could not be read, or that name another task than their submission's. A result may wait in one.",
	scope,
	query: listQuarantinedSchema,
	answers: [
		{
			status: 200,
			description: "The next of them, oldest first.",
			schema: feedOf(operatorsCallbackSchema, callbackIdSchema.nullable()).meta(
				{
					id: "OperatorsCallbackList",
				},
			),
		},
	],
	examples: [
		{
			summary: "Those that a job waits for",
			query: { waiting: "true" },
			status: 200,
			answer: {
				data: [exampleSetAside],
				has_more: false,
				next_after: exampleSetAside.id,
			},
		},
	],
};

const getCallback: Operation = {
	id: "getCallback",
	method: "get",
	route: "/v1/callbacks/{id}",
	tag,
	summary: "Read a callback",
	scope,
	path,
	answers: [
		{
			status: 200,
			description: "The callback.",
			schema: operatorsCallbackSchema,
		},
	],
	examples: [
		{
			summary: "One that was set aside",
			path: examplePath,
			status: 200,
			answer: exampleSetAside,
		},
	],
};

const replayCallback: Operation = {
	id: "replayCallback",
	method: "post",
	route: "/v1/callbacks/{id}/replay",
	tag,
	summary: "Read a callback again",
	description:
		"With the parser of today, by the same way as one that arrives now, and once in effect however often it is asked. What names another task is taken only with adopt. Who asked is kept in an audit log.",
	scope,
	path,
	body: { schema: replayCallbackSchema, isRequired: false },
	answers: [
		{
			status: 200,
			description: "What came of it, or would.",
			schema: replayedCallbackSchema
				.extend({ dry_run: dryRun })
				.meta({ id: "CallbackReplay" }),
		},
	],
	examples: [
		{
			summary: "What would come of it",
			path: examplePath,
			body: { dry_run: true },
			status: 200,
			answer: { dry_run: true, ...exampleReplayed, applied: false },
		},
	],
};

const replayCallbacks: Operation = {
	id: "replayCallbacks",
	method: "post",
	route: "/v1/callbacks/replay",
	tag,
	summary: "Read all that match again",
	description:
		"Oldest first, and as many as limit says; go on with next_after while left is more than 0.",
	scope,
	body: { schema: replayCallbacksSchema, isRequired: false },
	answers: [
		{
			status: 200,
			description: "What came of each, or would.",
			schema: z
				.strictObject({
					dry_run: dryRun,
					counts: z.partialRecord(z.enum(callbackOutcomes), z.int()).meta({
						description: "How many of each outcome.",
					}),
					data: z.array(replayedCallbackSchema),
					left: z.int().meta({ description: "How many match and remain." }),
					next_after: callbackIdSchema.nullable(),
				})
				.meta({ id: "CallbackReplays" }),
		},
	],
	examples: [
		{
			summary: "What would come of those with a reason",
			body: { dry_run: true, reason: "state" },
			status: 200,
			answer: {
				dry_run: true,
				counts: { settled: 1 },
				data: [{ ...exampleReplayed, applied: false }],
				left: 0,
				next_after: exampleCallbackId,
			},
		},
	],
};

/** The operations of /v1/callbacks. */
export const callbackOperations: readonly Operation[] = [
	listQuarantined,
	replayCallbacks,
	getCallback,
	replayCallback,
];
