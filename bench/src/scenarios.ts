import { accept } from "./accept.ts";
import { acceptFilled } from "./accept-filled.ts";
import { acceptSteady } from "./accept-steady.ts";
import { acceptWithoutRedis } from "./accept-without-redis.ts";
import { deliveries } from "./deliveries.ts";
import type { Scenario } from "./scenario.ts";

/** All that is measured, in the order of the table. */
export const scenarios: readonly Scenario[] = [
	accept,
	acceptSteady,
	acceptFilled,
	acceptWithoutRedis,
	deliveries,
];
