import { readFileSync } from "node:fs";
import { createOpenApi } from "@reelay/shared/contracts/openapi/document";
import { Router } from "express";
import { entityTag, isUnchanged } from "../entity-tag.ts";

/** The route /openapi.json: the contract, made once when the app is. It needs no key, and says nothing that is secret. */
export function contractRoutes(): Router {
	const router = Router();
	const text = JSON.stringify(createOpenApi(readVersion()));
	const tag = entityTag(text);
	router.get("/openapi.json", (req, res) => {
		res.set({ ETag: tag, "Cache-Control": "no-cache" });
		if (isUnchanged(req.get("if-none-match"), tag)) {
			res.status(304).end();
			return;
		}
		res.type("application/json").send(text);
	});
	return router;
}

function readVersion(): string {
	const manifest = new URL("../../package.json", import.meta.url);
	return JSON.parse(readFileSync(manifest, "utf8")).version;
}
