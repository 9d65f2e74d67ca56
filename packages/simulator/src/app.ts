import express, { type ErrorRequestHandler, type Express } from "express";
import { z } from "zod";
import { type Control, createControl } from "./control.ts";
import type { Ledger, PostEntry } from "./ledger.ts";
import { accountRouter } from "./routes/account.ts";
import { actionsRouter } from "./routes/actions.ts";
import { controlRouter } from "./routes/control.ts";
import { filesRouter } from "./routes/files.ts";
import { createWorld, type SimulatorOptions } from "./world.ts";

export type { SimulatorOptions } from "./world.ts";

export type Simulator = {
	app: Express;
	ledger: Ledger;
	control: Control;
	/** Drops renders, callbacks and open answers. The listener is the caller's. */
	close(): Promise<void>;
};

/** The whole provider, not yet listening. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
	const world = createWorld(options);
	const control = createControl(world);
	const app = express();
	app.disable("x-powered-by");
	app.disable("etag");
	app.get("/healthz", (_req, res) => {
		res.json({ status: "ok" });
	});
	app.use(actionsRouter(world));
	app.use(accountRouter(world));
	app.use(filesRouter(world));
	app.use("/control", controlRouter(control));
	app.use((_req, res) => {
		res.status(404).json({ detail: "Not Found" });
	});
	app.use(answerError);
	return {
		app,
		ledger: world.ledger,
		control,
		async close() {
			world.lifetime.renew();
			await world.callbacks.close();
		},
	};
}

/** Express knows an error handler by its four parameters. */
const answerError: ErrorRequestHandler = (error, _req, res, next) => {
	if (res.headersSent) return next(error);
	const [status, body] = describeError(error);
	const post = res.locals.post as PostEntry | undefined;
	if (post) {
		post.status = status;
		post.answer = JSON.stringify(body);
	}
	res.status(status).json(body);
};

function describeError(error: unknown): [status: number, body: object] {
	if (error instanceof z.ZodError)
		return [422, { detail: z.prettifyError(error) }];
	const { status } = error as { status?: unknown };
	if (status === 413) return [413, { message: "Request entity too large" }];
	if (typeof status === "number" && status < 500)
		return [status, { detail: (error as Error).message }];
	return [500, { error: { message: "Internal server error" } }];
}
