import { readFileSync } from "node:fs";
import type { OpenApiDocument } from "@reelay/shared/contracts/openapi/document";
import { type RequestHandler, Router } from "express";
import { renderPage } from "../docs/page.ts";
import { serveText } from "../entity-tag.ts";

// The page runs one script and one style sheet of ours, asks this server alone, and goes nowhere: what is typed into its
// forms can end in no address.
const policy = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self'",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'",
	"trusted-types 'none'",
].join("; ");

/** The pages at /docs, with all that they load; they need no key. */
export function docsRoutes(document: OpenApiDocument): Router {
	const router = Router();
	router.get("/docs", serve("text/html", renderPage(document)));
	router.get("/docs/docs.css", serve("text/css", readAsset("docs.css")));
	router.get("/docs/docs.js", serve("text/javascript", readAsset("docs.js")));
	router.get("/docs/icon.svg", serve("image/svg+xml", readAsset("icon.svg")));
	return router;
}

const serve = (mediaType: string, text: string): RequestHandler =>
	serveText(mediaType, text, {
		"Content-Security-Policy": policy,
		"Referrer-Policy": "no-referrer",
	});

function readAsset(name: string): string {
	return readFileSync(new URL(`../../assets/${name}`, import.meta.url), "utf8");
}
