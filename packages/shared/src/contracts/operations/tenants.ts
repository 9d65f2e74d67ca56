import { exampleIds, idSchema } from "../ids.ts";
import { createKeySchema } from "../key-api.ts";
import {
	exampleKeyValue,
	exampleNewKey,
	exampleTenant,
} from "../key-samples.ts";
import { createdKeySchema } from "../key-view.ts";
import { pageOf } from "../page.ts";
import { exampleSecretValue } from "../samples.ts";
import {
	createTenantSchema,
	listTenantsSchema,
	patchTenantSchema,
} from "../tenant-api.ts";
import { createdTenantSchema, tenantSchema } from "../tenant-view.ts";
import type { Operation } from "./operation.ts";

const tag = "Tenants";
const scope = "operator";
const path = { id: idSchema("tenant") };
const examplePath = { id: exampleIds.tenant };

const createTenant: Operation = {
	id: "createTenant",
	method: "post",
	route: "/v1/tenants",
	tag,
	summary: "Make a tenant",
	description:
		"The answer holds the secret that signs what its jobs' own URLs are sent, this once. It has no key yet.",
	scope,
	body: { schema: createTenantSchema, isRequired: true },
	answers: [
		{
			status: 201,
			description: "The tenant with its secret.",
			schema: createdTenantSchema,
			headers: ["Location"],
		},
	],
	problems: ["tenant_name_taken"],
	examples: [
		{
			summary: "With as many turns as the others",
			body: { name: "studio" },
			status: 201,
			answer: { ...exampleTenant, webhook_secret: exampleSecretValue },
		},
	],
};

const listTenants: Operation = {
	id: "listTenants",
	method: "get",
	route: "/v1/tenants",
	tag,
	summary: "List tenants, newest first",
	scope,
	query: listTenantsSchema,
	answers: [
		{
			status: 200,
			description: "A page of tenants.",
			schema: pageOf(tenantSchema).meta({ id: "TenantPage" }),
		},
	],
	examples: [
		{
			summary: "The newest two",
			query: { limit: "2" },
			status: 200,
			answer: { data: [exampleTenant], has_more: false, next_cursor: null },
		},
	],
};

const getTenant: Operation = {
	id: "getTenant",
	method: "get",
	route: "/v1/tenants/{id}",
	tag,
	summary: "Read a tenant",
	scope,
	path,
	answers: [{ status: 200, description: "The tenant.", schema: tenantSchema }],
	examples: [
		{
			summary: "One that works",
			path: examplePath,
			status: 200,
			answer: exampleTenant,
		},
	],
};

const patchTenant: Operation = {
	id: "patchTenant",
	method: "patch",
	route: "/v1/tenants/{id}",
	tag,
	summary: "Change or disable a tenant",
	description:
		"What the body names is changed, and nothing else. Weight and limit hold from the next claim on, disabled within 5 s. The keys of a disabled tenant read, and write nothing; the jobs that it has queued go on, for they were accepted, and so do its deliveries.",
	scope,
	path,
	body: { schema: patchTenantSchema, isRequired: true },
	answers: [
		{ status: 200, description: "The tenant now.", schema: tenantSchema },
	],
	problems: ["tenant_name_taken"],
	examples: [
		{
			summary: "Twice the turns, and ten at once",
			path: examplePath,
			body: { weight: 2, max_in_flight: 10 },
			status: 200,
			answer: { ...exampleTenant, weight: 2, max_in_flight: 10 },
		},
	],
};

const createTenantKey: Operation = {
	id: "createTenantKey",
	method: "post",
	route: "/v1/tenants/{id}/keys",
	tag,
	summary: "Make a key of a tenant",
	description:
		"Its first one, with admin, with which it makes its others; or one more when it has lost them. It may have no scope that yours lacks, and the tenant's audit log says who made it.",
	scope,
	path,
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
			summary: "Its first",
			path: examplePath,
			body: { name: "first", scopes: ["admin"] },
			status: 201,
			answer: {
				...exampleNewKey,
				name: "first",
				scopes: ["admin"],
				created_by: exampleIds.key,
				key: exampleKeyValue,
			},
		},
	],
};

/** The operations of /v1/tenants. */
export const tenantOperations: readonly Operation[] = [
	createTenant,
	listTenants,
	getTenant,
	patchTenant,
	createTenantKey,
];
