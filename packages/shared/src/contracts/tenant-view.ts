import { z } from "zod";
import type { TenantRecord } from "../domain/tenant-record.ts";
import { idSchema, instant } from "./ids.ts";

/** A tenant: a customer, to whom keys, jobs and endpoints belong. */
export const tenantSchema = z
	.strictObject({
		id: idSchema("tenant"),
		name: z.string(),
		weight: z.int(),
		max_in_flight: z.int().nullable(),
		disabled_at: instant.nullable().meta({
			description: "Since when its keys may only read; null is not at all.",
		}),
		created_at: instant,
		links: z.strictObject({ self: z.string(), keys: z.string() }),
	})
	.meta({ id: "Tenant" });
export type TenantView = z.infer<typeof tenantSchema>;

/** A tenant as only the answer that made it shows it. */
export const createdTenantSchema = tenantSchema
	.extend({
		webhook_secret: z.string().meta({
			description:
				"Verifies what the webhook_url of its jobs is sent. It is shown this once.",
		}),
	})
	.meta({ id: "CreatedTenant" });

/** A tenant as operators see it: nothing of its jobs. */
export function presentTenant(tenant: TenantRecord): TenantView {
	const self = `/v1/tenants/${tenant.id}`;
	return {
		id: tenant.id,
		name: tenant.name,
		weight: tenant.weight,
		max_in_flight: tenant.max_in_flight,
		disabled_at: tenant.disabled_at?.toISOString() ?? null,
		created_at: tenant.created_at.toISOString(),
		links: { self, keys: `${self}/keys` },
	};
}
