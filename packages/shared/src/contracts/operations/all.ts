import { batchOperations } from "./batches.ts";
import { budgetOperations } from "./budgets.ts";
import { callbackOperations } from "./callbacks.ts";
import { deliveryOperations } from "./deliveries.ts";
import { endpointOperations } from "./endpoints.ts";
import { eventOperations } from "./events.ts";
import { jobLedgerOperations } from "./job-ledger.ts";
import { jobOperations } from "./jobs.ts";
import { keyOperations } from "./keys.ts";
import type { Operation } from "./operation.ts";
import { replayOperations } from "./replays.ts";
import { secretOperations } from "./secrets.ts";
import { serviceOperations } from "./service.ts";
import { tenantOperations } from "./tenants.ts";
import { usageOperations } from "./usage.ts";

/** Every operation of the API. A test holds this list to the routes that Express serves, in both directions. */
export const operations: readonly Operation[] = [
	...jobOperations,
	...jobLedgerOperations,
	...batchOperations,
	...eventOperations,
	...endpointOperations,
	...secretOperations,
	...deliveryOperations,
	...replayOperations,
	...callbackOperations,
	...keyOperations,
	...tenantOperations,
	...budgetOperations,
	...usageOperations,
	...serviceOperations,
];

/** What each tag of an operation is about, in the order in which documents show them. */
export const tags: Readonly<Record<string, string>> = {
	Jobs: "A job is one video: it is accepted, submitted to the provider once, and ends in a final state.",
	Batches:
		"A batch is up to a hundred jobs that are accepted together, and of whose end one event tells.",
	Events: "An event is a fact that you may hear: from the feed, or by webhook.",
	Endpoints: "An endpoint is a URL of yours that hears of events.",
	Secrets: "Secrets sign what an endpoint is sent, and rotate with an overlap.",
	Deliveries: "A delivery is one event owed to one URL; an attempt is one try.",
	Replays: "A replay sends an endpoint again what it was owed in a time.",
	Callbacks:
		"A callback is what the provider said. One that nobody understands is set aside, and can be read again.",
	Keys: "A key opens the API for one tenant, as far as its scopes go; the audit log says who changed what.",
	Tenants:
		"A tenant is a customer of an installation; operators make them, give them turns, and disable them.",
	Money: "What jobs may cost, and what they have cost, in points.",
	Service: "The process itself. Nothing here needs a key.",
};
