import type {
	CreatedKey,
	CreatedTenant,
	CreateKey,
	CreateTenant,
	Operations,
	PatchTenant,
	Tenant,
	TenantPage,
} from "../generated/api.ts";
import { type Paged, pagedByCursor } from "../paged.ts";
import type { RequestOptions, Transport } from "../transport/transport.ts";

type ListTenants = Operations["listTenants"]["query"];

/** What `reelay.tenants` can do. */
export type Tenants = ReturnType<typeof createTenants>;

/** The routes of /v1/tenants. They need a key with the scope `operator`. */
export function createTenants(transport: Transport) {
	return {
		/** Makes a tenant, with the secret that signs its jobs' own webhooks, shown this once. */
		async create(
			body: CreateTenant,
			options?: RequestOptions,
		): Promise<CreatedTenant> {
			return (await transport.call("createTenant", { body }, options)).body;
		},

		/** The tenant. */
		async get(id: string, options?: RequestOptions): Promise<Tenant> {
			return (await transport.call("getTenant", { path: { id } }, options))
				.body;
		},

		/** All tenants, newest first. */
		list(
			query: ListTenants = {},
			options?: RequestOptions,
		): Paged<Tenant, TenantPage> {
			return pagedByCursor<Tenant, ListTenants>(
				query,
				async (asked) =>
					(await transport.call("listTenants", { query: asked }, options)).body,
			);
		},

		/** Changes its turns and limits, and disables or enables it. */
		async update(
			id: string,
			body: PatchTenant,
			options?: RequestOptions,
		): Promise<Tenant> {
			const input = { path: { id }, body };
			return (await transport.call("patchTenant", input, options)).body;
		},

		/** Makes a key of the tenant, shown this once. */
		async createKey(
			id: string,
			body: CreateKey,
			options?: RequestOptions,
		): Promise<CreatedKey> {
			const input = { path: { id }, body };
			return (await transport.call("createTenantKey", input, options)).body;
		},
	};
}
