import type { Database } from "./database.ts";
import { jsonb } from "./sql.ts";

/** Writes down who did what by hand. Called before the deed, so that none goes unrecorded. */
export async function insertAudit(
	db: Database,
	entry: {
		tenantId: string;
		/** The id of the API key. */
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
