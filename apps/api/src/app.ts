import {
	type HealthOptions,
	healthRoutes,
} from "@reelay/shared/runtime/health";
import type { Logger } from "@reelay/shared/runtime/logger";
import {
	notFoundMiddleware,
	problemMiddleware,
} from "@reelay/shared/runtime/problem-details";
import { requestIdMiddleware } from "@reelay/shared/runtime/request-id";
import express, { type Express, Router } from "express";
import helmet from "helmet";
import { budgetProblems } from "./budget-problems.ts";
import {
	type AuthenticateDeps,
	authenticate,
} from "./middleware/authenticate.ts";
import { logRequests } from "./middleware/log-requests.ts";
import { limitRates, type RateLimitDeps } from "./middleware/rate-limit.ts";
import { refuseDisabled } from "./middleware/refuse-disabled.ts";
import { databaseProblems } from "./problem.ts";
import { auditRoutes } from "./routes/audit.ts";
import { batchRoutes } from "./routes/batches.ts";
import { budgetRoutes } from "./routes/budgets.ts";
import { type CallbackRoutesDeps, callbackRoutes } from "./routes/callbacks.ts";
import { contractRoutes } from "./routes/contract.ts";
import { deliveryRoutes } from "./routes/deliveries.ts";
import { endpointSecretRoutes } from "./routes/endpoint-secrets.ts";
import { type EndpointRoutesDeps, endpointRoutes } from "./routes/endpoints.ts";
import { eventTypeRoutes } from "./routes/event-types.ts";
import { eventRoutes } from "./routes/events.ts";
import { jobChangeRoutes } from "./routes/job-changes.ts";
import { jobLedgerRoutes } from "./routes/job-ledger.ts";
import { jobTimelineRoutes } from "./routes/job-timeline.ts";
import { type JobRoutesDeps, jobRoutes } from "./routes/jobs.ts";
import { type KeyRoutesDeps, keyRoutes } from "./routes/keys.ts";
import { meRoutes } from "./routes/me.ts";
import { endpointReplayRoutes, replayRoutes } from "./routes/replays.ts";
import { type TenantRoutesDeps, tenantRoutes } from "./routes/tenants.ts";
import { usageRoutes } from "./routes/usage.ts";

export type AppDeps = JobRoutesDeps &
	EndpointRoutesDeps &
	CallbackRoutesDeps &
	KeyRoutesDeps &
	TenantRoutesDeps &
	AuthenticateDeps &
	RateLimitDeps & { logger: Logger; health: HealthOptions };

/** The whole REST API as an Express app that does not listen. */
export function createApp(deps: AppDeps): Express {
	const app = express();
	app.disable("x-powered-by");
	app.set("etag", false);
	app.use(requestIdMiddleware);
	app.use(helmet());
	// First, because what comes before it would be tried for every job that is accepted.
	app.use("/v1", resources(deps));
	app.use(healthRoutes(deps.health));
	app.use(logRequests(deps.logger));
	app.use(contractRoutes());
	app.use(notFoundMiddleware);
	app.use(budgetProblems);
	app.use(databaseProblems);
	app.use(problemMiddleware({ logger: deps.logger }));
	return app;
}

/** Everything that needs a key. No path under it leads anywhere else. */
function resources(deps: AppDeps): Router {
	const v1 = Router();
	v1.use(logRequests(deps.logger));
	v1.use(authenticate(deps), limitRates(deps));
	// Before it is asked whether the own tenant is disabled, or who disabled it could not enable it again.
	v1.use("/tenants", tenantRoutes(deps));
	v1.use(refuseDisabled);
	v1.use("/jobs", jobRoutes(deps));
	v1.use("/jobs", jobChangeRoutes(deps));
	v1.use("/jobs", jobTimelineRoutes(deps));
	v1.use("/jobs", jobLedgerRoutes(deps));
	v1.use("/batches", batchRoutes(deps));
	v1.use("/callbacks", callbackRoutes(deps));
	v1.use("/endpoints/:id/replays", endpointReplayRoutes(deps));
	v1.use("/endpoints/:id/secrets", endpointSecretRoutes(deps));
	v1.use("/endpoints", endpointRoutes(deps));
	v1.use("/replays", replayRoutes(deps));
	v1.use("/deliveries", deliveryRoutes(deps));
	v1.use("/events", eventRoutes(deps));
	v1.use("/event-types", eventTypeRoutes());
	v1.use("/me", meRoutes(deps));
	v1.use("/keys", keyRoutes(deps));
	v1.use("/audit", auditRoutes(deps));
	v1.use("/budgets", budgetRoutes(deps));
	v1.use("/usage", usageRoutes(deps));
	v1.use(notFoundMiddleware);
	return v1;
}
