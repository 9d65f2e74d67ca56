import type {
	AuditEntry,
	AuditPage,
	CreatedKey,
	CreateKey,
	Key,
	KeyPage,
	Operations,
	PatchKey,
	RotateKey,
} from "../generated/api.ts";
import { type Paged, pagedByCursor } from "../paged.ts";
import type { RequestOptions, Transport } from "../transport/transport.ts";

type ListKeys = Operations["listKeys"]["query"];
export type ListAudit = Operations["listAudit"]["query"];

/** What `reelay.keys` can do. */
export type Keys = ReturnType<typeof createKeys>;

/** The routes of /v1/keys. They need a key with the scope `admin`. */
export function createKeys(transport: Transport) {
	return {
		/** Makes a key, which is in the answer, this once. Not repeated by itself: each try would make another. */
		async create(
			body: CreateKey,
			options?: RequestOptions,
		): Promise<CreatedKey> {
			return (await transport.call("createKey", { body }, options)).body;
		},

		/** The key, without what it is shown as once. */
		async get(id: string, options?: RequestOptions): Promise<Key> {
			return (await transport.call("getKey", { path: { id } }, options)).body;
		},

		/** Your keys, newest first, also those that have ended. */
		list(query: ListKeys = {}, options?: RequestOptions): Paged<Key, KeyPage> {
			return pagedByCursor<Key, ListKeys>(
				query,
				async (asked) =>
					(await transport.call("listKeys", { query: asked }, options)).body,
			);
		},

		/** Gives it another name, or another end. */
		async update(
			id: string,
			body: PatchKey,
			options?: RequestOptions,
		): Promise<Key> {
			const input = { path: { id }, body };
			return (await transport.call("patchKey", input, options)).body;
		},

		/** Makes a key in its place, shown this once; the former one goes on until the overlap is over. Not repeated by itself. */
		async rotate(
			id: string,
			body: RotateKey = {},
			options?: RequestOptions,
		): Promise<CreatedKey> {
			const input = { path: { id }, body };
			return (await transport.call("rotateKey", input, options)).body;
		},

		/** Ends the key. */
		async revoke(id: string, options?: RequestOptions): Promise<void> {
			await transport.call("revokeKey", { path: { id } }, options);
		},
	};
}

/** Pages through who did what to which, newest first. It needs the scope `admin`. */
export function createAudit(transport: Transport) {
	return (
		query: ListAudit = {},
		options?: RequestOptions,
	): Paged<AuditEntry, AuditPage> =>
		pagedByCursor<AuditEntry, ListAudit>(
			query,
			async (asked) =>
				(await transport.call("listAudit", { query: asked }, options)).body,
		);
}
