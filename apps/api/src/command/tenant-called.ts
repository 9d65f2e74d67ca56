import type { TenantRecord } from "@reelay/shared/domain/tenant-record";
import type { Database } from "@reelay/shared/store/database";
import { findTenantCalled } from "@reelay/shared/store/tenants";

/** The tenant of this name or id, or an error that says how to see those that there are. */
export async function getTenantCalled(
	db: Database,
	nameOrId: string,
): Promise<TenantRecord> {
	const tenant = await findTenantCalled(db, nameOrId);
	if (tenant !== null) return tenant;
	throw new Error(
		`There is no tenant ${nameOrId}: npm run tenants -- list shows those that there are.`,
	);
}
