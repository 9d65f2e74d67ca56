import type { AuditRecord } from "../domain/audit-record.ts";
import type { Database } from "./database.ts";
import { jsonb } from "./sql.ts";

/** Writes down who did what by hand. Called before the deed, so that none goes unrecorded. */
export async function insertAudit(
	db: Database,
	entry: {
		tenantId: string;
		/** The id of the API key, or the name of the command. */
		actor: string;
		action: string;
		target: string;
		data: unknown;
	},
): Promise<void> {
	await db.$executeRaw`
		insert into audit (tenant_id, actor, action, target, data)
		values (${entry.tenantId}, ${entry.actor}, ${entry.action}, ${entry.target}, ${jsonb(entry.data)})`;
}

/** A page of what was done in a tenant, newest first; null narrows nothing. Index: audit_tenant_id_id_idx. */
export async function listAudit(
	db: Database,
	query: {
		tenantId: string;
		actor: string | null;
		action: string | null;
		target: string | null;
		since: Date | null;
		until: Date | null;
		beforeId: bigint | null;
		limit: number;
	},
): Promise<AuditRecord[]> {
	return db.$queryRaw<AuditRecord[]>`
		select id, actor, action, target, data, at from audit
		where tenant_id = ${query.tenantId}
			and (${query.beforeId}::bigint is null or id < ${query.beforeId})
			and (${query.actor}::text is null or actor = ${query.actor})
			and (${query.action}::text is null or action = ${query.action})
			and (${query.target}::text is null or target = ${query.target})
			and (${query.since}::timestamptz is null or at >= ${query.since})
			and (${query.until}::timestamptz is null or at < ${query.until})
		order by id desc limit ${query.limit}::int`;
}
