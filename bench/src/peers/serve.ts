import { createHash, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import express, { type Express, type RequestHandler } from "express";

/** What a peer is told to start with. */
export type PeerStart = {
	apiKey: string;
	databaseUrl: string;
	/** Null where the queue is kept in Postgres too. */
	redisUrl: string | null;
};

/** An Express as most begin: JSON bodies, and one key that is compared without telling how much of it was right. */
export function createPeerApp({ apiKey }: PeerStart): Express {
	const app = express();
	app.disable("x-powered-by");
	app.use(express.json({ limit: "256kb" }), authenticated(apiKey));
	return app;
}

/** Listens on a free port of loopback and tells the parent where; ends with it. */
export function servePeer(
	create: (start: PeerStart) => Promise<{
		app: Express;
		close(): Promise<void>;
	}>,
): void {
	process.once("message", async (start: PeerStart) => {
		const { app, close } = await create(start);
		const server = app.listen(0, "127.0.0.1", () => {
			const { port } = server.address() as AddressInfo;
			process.send?.(`http://127.0.0.1:${port}`);
		});
		process.once("disconnect", () => {
			server.closeAllConnections();
			server.close(() => void close());
		});
	});
}

function authenticated(apiKey: string): RequestHandler {
	const hash = (text: string) => createHash("sha256").update(text).digest();
	const expected = hash(`Bearer ${apiKey}`);
	return (req, res, next) => {
		const given = hash(req.headers.authorization ?? "");
		if (timingSafeEqual(given, expected)) next();
		else res.status(401).json({ error: "unauthorized" });
	};
}
