import { Prisma } from "@reelay/prisma/client";
import { deliveryScheduleMs } from "../domain/retry.ts";

/**
 * The lane of a delivery to the URL that a job names: the tenant, and the origin that it is sent to. Deliveries of one lane
 * share its places, so that a receiver that hangs holds up no other, and no tenant can take the places of another at an
 * origin that both use. The lane of an endpoint is its id.
 */
export const laneOf = (tenantId: Prisma.Sql, url: Prisma.Sql): Prisma.Sql =>
	Prisma.sql`${tenantId} || ' ' || coalesce(substring(${url} from '^[^:]+://[^/?#]*'), ${url})`;

/** The lane of a test event, which waits behind nothing that the endpoint is owed, and goes out although it is disabled. */
export const testLaneOf = (endpointId: Prisma.Sql): Prisma.Sql =>
	Prisma.sql`${endpointId} || ' test'`;

/** No URL holds a space, so that no other lane ends like one. */
export const isTestLane = (lane: Prisma.Sql): Prisma.Sql =>
	Prisma.sql`${lane} like '% test'`;

/** How many attempts a round has: one for a test, else as many as the schedule of the row `endpoint`, or the usual one. */
export function maxAttemptsOf(lane: Prisma.Sql): Prisma.Sql {
	return Prisma.sql`case when ${isTestLane(lane)} then 1
		else coalesce(cardinality(endpoint.schedule_s), ${deliveryScheduleMs.length}::int) end`;
}
