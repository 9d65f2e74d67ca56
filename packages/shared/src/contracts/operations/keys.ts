import { auditEntrySchema } from "../audit-view.ts";
import { exampleIds, idSchema } from "../ids.ts";
import {
	createKeySchema,
	listAuditSchema,
	listKeysSchema,
	patchKeySchema,
	rotateKeySchema,
} from "../key-api.ts";
import {
	exampleAuditEntry,
	exampleKey,
	exampleKeyValue,
	exampleMe,
	exampleNewKey,
} from "../key-samples.ts";
import { createdKeySchema, keySchema, meSchema } from "../key-view.ts";
import { pageOf } from "../page.ts";
import type { Operation } from "./operation.ts";

const tag = "Keys";
const scope = "admin";
const path = { id: idSchema("key") };
const examplePath = { id: exampleIds.key };

const getMe: Operation = {
	id: "getMe",
	method: "get",
	route: "/v1/me",
	tag,
	summary: "Ask who you are",
	description: "Which key this is, what it may do, and whose it is.",
	scope: "any",
	answers: [
		{
			status: 200,
			description: "The key and its tenant.",
			schema: meSchema,
		},
	],
	examples: [{ summary: "With any key", status: 200, answer: exampleMe }],
};

const createKey: Operation = {
	id: "createKey",
	method: "post",
	route: "/v1/keys",
	tag,
	summary: "Make a key",
	description:
		"The answer holds the key, this once. It may have no scope that yours lacks. Asked again after an answer that was lost, it makes another one: revoke the first.",
	scope,
	body: { schema: createKeySchema, isRequired: true },
	answers: [
		{
			status: 201,
			description: "The key, with itself.",
			schema: createdKeySchema,
			headers: ["Location"],
		},
	],
	examples: [
		{
			summary: "For a program that makes jobs",
			body: { name: "shop", scopes: ["jobs:write", "jobs:read"] },
			status: 201,
			answer: { ...exampleNewKey, key: exampleKeyValue },
		},
	],
};

const listKeys: Operation = {
	id: "listKeys",
	method: "get",
	route: "/v1/keys",
	tag,
	summary: "List keys, newest first",
	description: "Those that have ended are among them.",
	scope,
	query: listKeysSchema,
	answers: [
		{
			status: 200,
			description: "A page of keys.",
			schema: pageOf(keySchema).meta({ id: "KeyPage" }),
		},
	],
	examples: [
		{
			summary: "The newest two",
			query: { limit: "2" },
			status: 200,
			answer: { data: [exampleKey], has_more: false, next_cursor: null },
		},
	],
};

const getKey: Operation = {
	id: "getKey",
	method: "get",
	route: "/v1/keys/{id}",
	tag,
	summary: "Read a key",
	scope,
	path,
	answers: [{ status: 200, description: "All but itself.", schema: keySchema }],
	examples: [
		{
			summary: "One in use",
			path: examplePath,
			status: 200,
			answer: exampleKey,
		},
	],
};

const patchKey: Operation = {
	id: "patchKey",
	method: "patch",
	route: "/v1/keys/{id}",
	tag,
	summary: "Change a key's name or its end",
	description:
		"What the body names is changed, and nothing else. Scopes stay: make another key.",
	scope,
	path,
	body: { schema: patchKeySchema, isRequired: true },
	answers: [{ status: 200, description: "The key now.", schema: keySchema }],
	problems: ["key_ended"],
	examples: [
		{
			summary: "Another name, and no end",
			path: examplePath,
			body: { name: "shop, Vienna", expires_at: null },
			status: 200,
			answer: { ...exampleKey, name: "shop, Vienna" },
		},
	],
};

const revokeKey: Operation = {
	id: "revokeKey",
	method: "delete",
	route: "/v1/keys/{id}",
	tag,
	summary: "Revoke a key",
	description:
		"It opens nothing within 5 s, and its event streams end. It stays in the list. The last valid key with the scope admin cannot be revoked.",
	scope,
	path,
	answers: [{ status: 204, description: "It is revoked, now or before." }],
	problems: ["last_admin_key"],
	examples: [{ summary: "For good", path: examplePath, status: 204 }],
};

const rotateKey: Operation = {
	id: "rotateKey",
	method: "post",
	route: "/v1/keys/{id}/rotate",
	tag,
	summary: "Replace a key by a new one",
	description:
		"The new one has the same name and scopes, and is shown this once. The former one goes on beside it for overlap_s, a day if you do not say.",
	scope,
	path,
	body: { schema: rotateKeySchema, isRequired: false },
	answers: [
		{
			status: 201,
			description: "The new key, with itself.",
			schema: createdKeySchema,
			headers: ["Location"],
		},
	],
	problems: ["key_ended"],
	examples: [
		{
			summary: "Within an hour",
			path: examplePath,
			body: { overlap_s: 3600 },
			status: 201,
			answer: {
				...exampleNewKey,
				rotated_from: exampleIds.key,
				key: exampleKeyValue,
			},
		},
	],
};

const listAudit: Operation = {
	id: "listAudit",
	method: "get",
	route: "/v1/audit",
	tag,
	summary: "Read the audit log, newest first",
	description:
		"Who made, changed and ended keys, changed the tenant, resolved jobs, and replayed callbacks by hand. A line is written before the deed: it may stand there for something that then did not come about.",
	scope,
	query: listAuditSchema,
	answers: [
		{
			status: 200,
			description: "A page of lines.",
			schema: pageOf(auditEntrySchema).meta({ id: "AuditPage" }),
		},
	],
	examples: [
		{
			summary: "Which keys were made",
			query: { action: "key.create", limit: "20" },
			status: 200,
			answer: { data: [exampleAuditEntry], has_more: false, next_cursor: null },
		},
	],
};

/** The operations of /v1/me, /v1/keys and /v1/audit. */
export const keyOperations: readonly Operation[] = [
	getMe,
	createKey,
	listKeys,
	getKey,
	patchKey,
	revokeKey,
	rotateKey,
	listAudit,
];
