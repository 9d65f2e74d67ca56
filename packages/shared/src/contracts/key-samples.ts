/** What the examples of keys, of the audit log and of tenants answer with, made by the same functions as real answers. */
import type { KeyRecord } from "../domain/key-record.ts";
import { presentAuditEntry } from "./audit-view.ts";
import { exampleIds } from "./ids.ts";
import { presentKey } from "./key-view.ts";
import { presentTenant } from "./tenant-view.ts";

const at = new Date("2026-01-01T12:00:00.000Z");
const later = new Date("2026-01-01T12:03:20.000Z");

const keyRecord: KeyRecord = {
	id: exampleIds.key,
	tenant_id: exampleIds.tenant,
	name: "shop",
	prefix: "rl_Zk81q",
	scopes: ["jobs:write", "jobs:read"],
	is_valid: true,
	created_at: at,
	created_by: "command",
	expires_at: null,
	last_used_at: later,
	revoked_at: null,
	rotated_from: null,
};

/** A key as it is shown once. */
export const exampleKeyValue = "rl_Zk81qExampleExampleExampleExampleExample00";

/** A key that is in use, and one that was just made. */
export const exampleKey = presentKey(keyRecord);
export const exampleNewKey = presentKey({ ...keyRecord, last_used_at: null });

/** Who a request with that key speaks for. */
export const exampleMe = {
	key: exampleKey,
	tenant: { id: exampleIds.tenant, name: "default", disabled_at: null },
};

/** The line that the making of that key left behind. */
export const exampleAuditEntry = presentAuditEntry({
	id: 41n,
	actor: "command",
	action: "key.create",
	target: exampleIds.key,
	data: {
		name: keyRecord.name,
		scopes: keyRecord.scopes,
		expires_at: null,
	},
	at,
});

/** A tenant that was just made. */
export const exampleTenant = presentTenant({
	id: exampleIds.tenant,
	name: "studio",
	weight: 1,
	max_in_flight: null,
	disabled_at: null,
	created_at: at,
});
