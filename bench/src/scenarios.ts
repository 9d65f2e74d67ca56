import { accept } from "./accept.ts";
import { acceptFilled } from "./accept-filled.ts";
import { acceptSteady } from "./accept-steady.ts";
import { acceptWithoutRedis } from "./accept-without-redis.ts";
import { bells } from "./bells.ts";
import { callbacks } from "./callbacks.ts";
import { deliveries } from "./deliveries.ts";
import { endToEndIdle } from "./end-to-end-idle.ts";
import { endToEndSaturated } from "./end-to-end-saturated.ts";
import { memory } from "./memory.ts";
import { scaleOut } from "./scale-out.ts";
import type { Scenario } from "./scenario.ts";

/** All that is measured, in the order of the table. */
export const scenarios: readonly Scenario[] = [
	accept,
	acceptSteady,
	acceptFilled,
	acceptWithoutRedis,
	callbacks,
	endToEndIdle,
	endToEndSaturated,
	deliveries,
	bells,
	memory,
	scaleOut,
];
