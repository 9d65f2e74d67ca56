import type {
	CreateTenantBody,
	PatchTenantBody,
} from "@reelay/shared/contracts/tenant-api";
import type { TenantRecord } from "@reelay/shared/domain/tenant-record";
import type { Keyring } from "@reelay/shared/signing/keyring";
import { seal } from "@reelay/shared/signing/sealing";
import { createWebhookSecret } from "@reelay/shared/signing/standard-webhooks";
import { insertAudit } from "@reelay/shared/store/audit-log";
import type { Database } from "@reelay/shared/store/database";
import {
	findTenant,
	firstTenantName,
	insertTenant,
	newTenantId,
	updateTenant,
} from "@reelay/shared/store/tenants";
import { refuse } from "./change-endpoint.ts";
import type { Actor } from "./change-key.ts";
import { noSuch, problemFor } from "./problem.ts";

/** Makes a tenant, with a secret for what its jobs' own URLs are sent: without one nothing would be sent to them. */
export async function createTenant(
	{ db, keyring }: { db: Database; keyring: Keyring },
	actor: Actor,
	body: CreateTenantBody,
): Promise<{ tenant: TenantRecord; webhookSecret: string }> {
	const webhookSecret = createWebhookSecret();
	const id = await newTenantId(db);
	const tenant = await insertTenant(
		db,
		{
			id,
			name: body.name,
			weight: body.weight,
			maxInFlight: body.max_in_flight,
			sealedSecret: seal(webhookSecret, keyring, id),
		},
		{ actor: actor.id, data: body },
	);
	if (tenant === null) throw nameTaken();
	return { tenant, webhookSecret };
}

/**
 * Changes what the body names. A tenant that is disabled keeps the jobs that it has queued, and they are submitted: each was
 * accepted. Its turns and its limit are those that the next claim sees.
 */
export async function patchTenant(
	{ db }: { db: Database },
	{ id, actor }: { id: string; actor: Actor },
	body: PatchTenantBody,
): Promise<TenantRecord> {
	const before = await findTenant(db, id);
	if (before === null) throw noSuch("tenant");
	const isRenamed = body.name !== undefined && body.name !== before.name;
	if (isRenamed && before.name === firstTenantName) {
		// Every start looks for it by its name, and would make another one.
		const message = `The tenant ${firstTenantName} keeps its name.`;
		refuse([{ pointer: "/name", code: "invalid_value", message }]);
	}
	await insertAudit(db, {
		tenantId: id,
		actor: actor.id,
		action: "tenant.update",
		target: id,
		data: body,
	});
	const after = await updateTenant(db, id, {
		name: body.name,
		weight: body.weight,
		maxInFlight: body.max_in_flight,
		disabled: body.disabled,
	});
	if (after === null) throw nameTaken();
	return after;
}

function nameTaken() {
	return problemFor("tenant_name_taken", {
		detail: "Another tenant has this name; choose another one.",
	});
}
