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
import express, { type Express } from "express";
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
	app.use(healthRoutes(deps.health));
	app.use(logRequests(deps.logger));
	app.use(contractRoutes());
	app.use("/v1", authenticate(deps), limitRates(deps));
	// Before it is asked whether the own tenant is disabled, or who disabled it could not enable it again.
	app.use("/v1/tenants", tenantRoutes(deps));
	app.use("/v1", refuseDisabled);
	app.use("/v1/jobs", jobRoutes(deps));
	app.use("/v1/jobs", jobChangeRoutes(deps));
	app.use("/v1/jobs", jobTimelineRoutes(deps));
	app.use("/v1/jobs", jobLedgerRoutes(deps));
	app.use("/v1/batches", batchRoutes(deps));
	app.use("/v1/callbacks", callbackRoutes(deps));
	app.use("/v1/endpoints/:id/replays", endpointReplayRoutes(deps));
	app.use("/v1/endpoints/:id/secrets", endpointSecretRoutes(deps));
	app.use("/v1/endpoints", endpointRoutes(deps));
	app.use("/v1/replays", replayRoutes(deps));
	app.use("/v1/deliveries", deliveryRoutes(deps));
	app.use("/v1/events", eventRoutes(deps));
	app.use("/v1/event-types", eventTypeRoutes());
	app.use("/v1/me", meRoutes(deps));
	app.use("/v1/keys", keyRoutes(deps));
	app.use("/v1/audit", auditRoutes(deps));
	app.use("/v1/budgets", budgetRoutes(deps));
	app.use("/v1/usage", usageRoutes(deps));
	app.use(notFoundMiddleware);
	app.use(budgetProblems);
	app.use(databaseProblems);
	app.use(problemMiddleware({ logger: deps.logger }));
	return app;
}
