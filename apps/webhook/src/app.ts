import {
	type HealthOptions,
	healthRoutes,
} from "@reelay/shared/runtime/health";
import express, { type Express } from "express";
import helmet from "helmet";
import type { TakeCallbackDeps } from "./callbacks/take-callback.ts";
import type { CallbackProvider } from "./providers/see2ai.ts";
import { callbackRoutes } from "./routes/callbacks.ts";
import { cutUnreadBodies } from "./routes/cut-unread-bodies.ts";
import { createStrangers } from "./routes/strangers.ts";

export type AppDeps = TakeCallbackDeps & {
	providers: readonly CallbackProvider[];
	health: HealthOptions;
};

/** The receiver as an Express app that does not listen: one route, health, and the same empty 404 for all else. */
export function createApp(deps: AppDeps): Express {
	const app = express();
	app.disable("x-powered-by");
	app.set("etag", false);
	app.use(helmet());
	app.use((_req, res, next) => {
		res.set("Cache-Control", "no-store");
		next();
	});
	app.use(healthRoutes(deps.health));
	app.use(cutUnreadBodies);
	const strangers = createStrangers(deps);
	app.use(callbackRoutes({ ...deps, strangers }));
	app.use(strangers.handler);
	return app;
}
