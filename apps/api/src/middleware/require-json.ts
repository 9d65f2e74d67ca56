import { json, type RequestHandler } from "express";
import { problemFor } from "../problem.ts";

/** The largest valid job (five shots, three elements, metadata) is under 64 kB; this leaves room for any encoding. */
const bodyLimitBytes = 256 * 1024;

/** A hundred jobs, of which few are that large. */
const batchLimitBytes = 4 * 1024 * 1024;

/** Reads a JSON body into `req.body`; any other media type is a 415, not an empty body. */
export const requireJson = jsonUpTo(bodyLimitBytes);

/** The same for the many jobs of a batch. */
export const requireBatchJson = jsonUpTo(batchLimitBytes);

function jsonUpTo(limit: number): RequestHandler {
	// What is no JSON has been refused before it looks.
	const parse = json({ limit, strict: false, type: () => true });
	return (req, res, next) => {
		if (req.is("application/json") === false) {
			throw problemFor("unsupported_media_type", {
				detail: "Send the body as JSON with `Content-Type: application/json`.",
			});
		}
		parse(req, res, next);
	};
}

/** The same where a body may be left out, for which `fetch` declares a length of 0: it is undefined then. */
export const allowJson: RequestHandler = (req, res, next) => {
	if (req.get("content-length") === "0") next();
	else requireJson(req, res, next);
};
