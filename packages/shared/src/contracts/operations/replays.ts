import { replaySchema } from "../endpoint-api.ts";
import { exampleIds, idSchema } from "../ids.ts";
import { listOf } from "../page.ts";
import { replayCountSchema, replayViewSchema } from "../replay-view.ts";
import { exampleReplay, exampleSince } from "../samples.ts";
import type { Operation } from "./operation.ts";

const tag = "Replays";
const scope = "webhooks";
const endpointPath = { id: idSchema("endpoint") };
const path = { id: idSchema("replay") };
const examplePath = { id: exampleIds.replay };

const beginReplay: Operation = {
	id: "beginReplay",
	method: "post",
	route: "/v1/endpoints/{id}/replays",
	tag,
	summary: "Send an endpoint again what it was owed in a time",
	description:
		"What never arrived, if states is not said. With dry_run it only counts. It goes on after a restart, and can be paused and cancelled.",
	scope,
	path: endpointPath,
	body: { schema: replaySchema, isRequired: true },
	answers: [
		{
			status: 200,
			description: "With dry_run: how many it would send.",
			schema: replayCountSchema,
		},
		{
			status: 202,
			description: "The replay has begun.",
			schema: replayViewSchema,
			headers: ["Location"],
		},
	],
	examples: [
		{
			summary: "Count first",
			path: { id: exampleIds.endpoint },
			body: { since: exampleSince, dry_run: true },
			status: 200,
			answer: { dry_run: true, would_send: 1 },
		},
		{
			summary: "Everything final, also what arrived",
			path: { id: exampleIds.endpoint },
			body: {
				since: exampleSince,
				types: ["video.succeeded", "video.failed"],
				states: ["delivered", "exhausted", "missing"],
			},
			status: 202,
			answer: exampleReplay("running"),
		},
	],
};

const listReplays: Operation = {
	id: "listReplays",
	method: "get",
	route: "/v1/endpoints/{id}/replays",
	tag,
	summary: "List an endpoint's replays, newest first",
	scope,
	path: endpointPath,
	answers: [
		{
			status: 200,
			description: "The replays.",
			schema: listOf(replayViewSchema).meta({ id: "ReplayList" }),
		},
	],
	examples: [
		{
			summary: "One under way",
			path: { id: exampleIds.endpoint },
			status: 200,
			answer: { data: [exampleReplay("running")] },
		},
	],
};

const getReplay: Operation = {
	id: "getReplay",
	method: "get",
	route: "/v1/replays/{id}",
	tag,
	summary: "See how far a replay is",
	scope,
	path,
	answers: [
		{ status: 200, description: "The replay.", schema: replayViewSchema },
	],
	examples: [
		{
			summary: "One under way",
			path: examplePath,
			status: 200,
			answer: exampleReplay("running"),
		},
	],
};

const halts = [
	["pause", "paused", "Pause a replay"],
	["resume", "running", "Let a paused replay go on"],
	["cancel", "cancelled", "End a replay"],
] as const;

const haltOperations = halts.map(
	([verb, state, summary]): Operation => ({
		id: `${verb}Replay`,
		method: "post",
		route: `/v1/replays/{id}/${verb}`,
		tag,
		summary,
		description: "A replay that has ended stays as it is.",
		scope,
		path,
		answers: [
			{ status: 200, description: "The replay.", schema: replayViewSchema },
		],
		problems: ["replay_ended"],
		examples: [
			{
				summary: "At any time before its end",
				path: examplePath,
				status: 200,
				answer: exampleReplay(state),
			},
		],
	}),
);

/** The operations of /v1/endpoints/{id}/replays and /v1/replays. */
export const replayOperations: readonly Operation[] = [
	beginReplay,
	listReplays,
	getReplay,
	...haltOperations,
];
