import { readFileSync } from "node:fs";
import { createOpenApi } from "@reelay/shared/contracts/openapi/document";
import { Router } from "express";
import { entityTag, isUnchanged } from "../entity-tag.ts";
import { docsRoutes } from "./docs.ts";

/** The route /openapi.json, and the pages of the same at /docs. They need no key, and say nothing that is secret. */
export function contractRoutes(): Router {
	const router = Router();
	const document = createOpenApi(readVersion());
	const text = JSON.stringify(document);
	const tag = entityTag(text);
	router.get("/openapi.json", (req, res) => {
		res.set({ ETag: tag, "Cache-Control": "no-cache" });
		if (isUnchanged(req.get("if-none-match"), tag)) {
			res.status(304).end();
			return;
		}
		res.type("application/json").send(text);
	});
	router.use(docsRoutes(document));
	return router;
}

function readVersion(): string {
	const manifest = new URL("../../package.json", import.meta.url);
	return JSON.parse(readFileSync(manifest, "utf8")).version;
}
