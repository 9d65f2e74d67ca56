import { readFileSync } from "node:fs";
import { createOpenApi } from "@reelay/shared/contracts/openapi/document";
import { Router } from "express";
import { serveText } from "../entity-tag.ts";
import { docsRoutes } from "./docs.ts";

/** The route /openapi.json, and the pages of the same at /docs. They need no key, and say nothing that is secret. */
export function contractRoutes(): Router {
	const router = Router();
	const document = createOpenApi(readVersion());
	router.get(
		"/openapi.json",
		serveText("application/json", JSON.stringify(document)),
	);
	router.use(docsRoutes(document));
	return router;
}

function readVersion(): string {
	const manifest = new URL("../../package.json", import.meta.url);
	return JSON.parse(readFileSync(manifest, "utf8")).version;
}
