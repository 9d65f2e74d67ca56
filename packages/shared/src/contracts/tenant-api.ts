import { z } from "zod";
import {
	maxMaxInFlight,
	maxTenantNameLength,
	maxWeight,
} from "../domain/tenant-record.ts";
import { cursor, limitOf } from "./page.ts";

const name = z.string().min(1).max(maxTenantNameLength).meta({
	description: "No other tenant's.",
});
const weight = z.int().min(1).max(maxWeight).meta({
	description: "How many turns it has for one of a tenant with 1.",
});
const maxInFlight = z.int().min(1).max(maxMaxInFlight).nullable().meta({
	description:
		"The most submissions that it has under way at once; null is no limit of its own.",
});

/** The body of `POST /v1/tenants`. */
export const createTenantSchema = z
	.strictObject({
		name,
		weight: weight.default(1),
		max_in_flight: maxInFlight.default(null),
	})
	.meta({ id: "CreateTenant" });
export type CreateTenantBody = z.output<typeof createTenantSchema>;

/** The body of `PATCH /v1/tenants/{id}`: what it names is changed, and nothing else. */
export const patchTenantSchema = z
	.strictObject({
		name: name.optional(),
		weight: weight.optional(),
		max_in_flight: maxInFlight.optional(),
		disabled: z.boolean().optional().meta({
			description:
				"Its keys may only read; jobs that it has queued by then go on.",
		}),
	})
	.meta({ id: "PatchTenant" });
export type PatchTenantBody = z.output<typeof patchTenantSchema>;

/** The query of `GET /v1/tenants`. */
export const listTenantsSchema = z.strictObject({
	limit: limitOf(100, 20),
	cursor,
});
