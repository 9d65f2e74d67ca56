import { rotateSecretSchema } from "../endpoint-api.ts";
import { createdSecretSchema, secretSchema } from "../endpoint-view.ts";
import { exampleIds, idSchema } from "../ids.ts";
import { listOf } from "../page.ts";
import { exampleSecret, exampleSecretValue } from "../samples.ts";
import type { Operation } from "./operation.ts";

const tag = "Secrets";
const scope = "webhooks";
const path = { id: idSchema("endpoint") };
const examplePath = { id: exampleIds.endpoint };

const listSecrets: Operation = {
	id: "listSecrets",
	method: "get",
	route: "/v1/endpoints/{id}/secrets",
	tag,
	summary: "List the secrets that sign now, newest first",
	scope,
	path,
	answers: [
		{
			status: 200,
			description: "The secrets, without their values.",
			schema: listOf(secretSchema).meta({ id: "SecretList" }),
		},
	],
	examples: [
		{
			summary: "The only one",
			path: examplePath,
			status: 200,
			answer: { data: [exampleSecret] },
		},
	],
};

const addSecret: Operation = {
	id: "addSecret",
	method: "post",
	route: "/v1/endpoints/{id}/secrets",
	tag,
	summary: "Add a secret, and let the others run out",
	description:
		"The new one signs from now on, and the former ones beside it for overlap_s. Up to three may be valid at once.",
	scope,
	path,
	body: { schema: rotateSecretSchema, isRequired: true },
	answers: [
		{
			status: 201,
			description: "The secret with its value, this once.",
			schema: createdSecretSchema,
		},
	],
	problems: ["too_many_secrets"],
	examples: [
		{
			summary: "Rotate within an hour",
			path: examplePath,
			body: { overlap_s: 3600 },
			status: 201,
			answer: { ...exampleSecret, secret: exampleSecretValue },
		},
		{
			summary: "A key pair, whose private half never leaves",
			path: examplePath,
			body: { kind: "ed25519" },
			status: 201,
			answer: {
				...exampleSecret,
				kind: "ed25519",
				public_key: "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
				secret: null,
			},
		},
	],
};

const endSecret: Operation = {
	id: "endSecret",
	method: "delete",
	route: "/v1/endpoints/{id}/secrets/{secretId}",
	tag,
	summary: "End a secret at once",
	description: "The last one that signs cannot be ended.",
	scope,
	path: { ...path, secretId: idSchema("secret") },
	answers: [{ status: 204, description: "It signs nothing any more." }],
	problems: ["last_secret"],
	examples: [
		{
			summary: "One that leaked",
			path: { ...examplePath, secretId: exampleIds.secret },
			status: 204,
		},
	],
};

/** The operations of /v1/endpoints/{id}/secrets. */
export const secretOperations: readonly Operation[] = [
	listSecrets,
	addSecret,
	endSecret,
];
