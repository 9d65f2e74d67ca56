import type { RequestHandler } from "express";
import { problemFor } from "../problem.ts";
import { ownerOf } from "./authenticate.ts";

/** Whether a request asks for a change, by its method: that is all that a limit may have to go by. */
export function isWrite(method: string): boolean {
	return !["GET", "HEAD", "OPTIONS"].includes(method);
}

/** Lets the keys of a disabled tenant read, and nothing else. */
export const refuseDisabled: RequestHandler = (req, res, next) => {
	if (ownerOf(res).isTenantDisabled && isWrite(req.method)) {
		throw problemFor("tenant_disabled", {
			detail:
				"This tenant is disabled: its keys may only read. What it had queued goes on.",
		});
	}
	next();
};
