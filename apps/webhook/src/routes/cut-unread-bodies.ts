import type { RequestHandler } from "express";

// Long enough for an answer to travel; whoever sends on for longer is not listening.
const lingerMs = 1_000;

/**
 * Ends the connection of whoever goes on sending a body that was answered already. Node reads such a body to its end, to
 * use the connection again, and a body has no end where its sender does not want one.
 */
export const cutUnreadBodies: RequestHandler = (req, res, next) => {
	res.once("finish", () => {
		if (req.complete) return;
		const timer = setTimeout(() => req.socket.destroy(), lingerMs);
		req.once("close", () => clearTimeout(timer));
	});
	next();
};
