import type { JsonSchema } from "@reelay/shared/contracts/json-schema";
import type { OpenApiDocument } from "@reelay/shared/contracts/openapi/document";
import { operations, tags } from "@reelay/shared/contracts/operations/all";
import { scopes } from "@reelay/shared/domain/scope";
import { renderErrors, renderEvents } from "./catalogues.ts";
import { type Html, html, prose } from "./html.ts";
import { renderOperation } from "./operation.ts";
import { renderSchema, schemaAnchor } from "./schema.ts";

/** The whole API on one page, which needs no script to be read. */
export function renderPage(document: OpenApiDocument): string {
	const { info, components } = document;
	const sections = Object.entries(tags);
	return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reelay API</title>
<link rel="icon" href="/docs/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs/docs.css">
<script src="/docs/docs.js" defer></script>
</head>
<body>
<nav aria-label="Contents">
<p class="brand"><a href="#top">Reelay API</a> <span>${info.version}</span></p>
<ul><li><a href="#begin">Begin</a></li></ul>
${sections.map(([tag]) => renderContents(tag))}
<ul><li><a href="#events">Events and webhooks</a></li><li><a href="#errors">Errors</a></li><li><a href="#schemas">Schemas</a></li></ul>
</nav>
<main id="top">
<h1>Reelay API</h1>
${info.description.split("\n\n").map((paragraph) => html`<p>${prose(paragraph)}</p>`)}
${renderBeginning()}
${sections.map(
	([tag, about]) => html`<section id="tag-${tag}"><h2>${tag}</h2><p>${about}</p>
${operations.filter((operation) => operation.tag === tag).map(renderOperation)}</section>`,
)}
${renderEvents()}
${renderErrors()}
${renderSchemas(components.schemas as Record<string, JsonSchema>)}
</main>
</body>
</html>
`.text;
}

function renderContents(tag: string): Html {
	const links = operations
		.filter((operation) => operation.tag === tag)
		.map(
			({ id, method, route }) =>
				html`<li><a href="#${id}"><span class="method ${method}">${method.toUpperCase()}</span> ${route.replace("/v1", "")}</a></li>`,
		);
	return html`<p><a href="#tag-${tag}">${tag}</a></p><ul>${links}</ul>`;
}

function renderBeginning(): Html {
	return html`<section id="begin"><h2>Begin</h2>
<p>Every request under <code>/v1</code> carries a key: <code>Authorization: Bearer rl_…</code>. The same as a document for machines is
<a href="/openapi.json">/openapi.json</a>.</p>
<table><thead><tr><th>a key with the scope</th><th>may</th></tr></thead><tbody>${Object.entries(
		scopes,
	).map(
		([scope, opens]) =>
			html`<tr><td><code>${scope}</code></td><td>${opens}</td></tr>`,
	)}</tbody></table>
<pre><code>API=http://127.0.0.1:3000
KEY=rl_…</code></pre>
<form id="key" hidden><label>Your key <span>kept in this page's memory, and sent to this server alone</span>
<input name="key" type="password" autocomplete="off" spellcheck="false" placeholder="rl_…"></label></form>
</section>`;
}

function renderSchemas(schemas: Record<string, JsonSchema>): Html {
	const parts = Object.entries(schemas).map(
		([
			name,
			schema,
		]) => html`<section class="operation" id="${schemaAnchor(name)}">
<h3><a href="#${schemaAnchor(name)}"><code>${name}</code></a></h3>
${typeof schema.description === "string" ? html`<p>${prose(schema.description)}</p>` : null}
${renderSchema(schema)}</section>`,
	);
	return html`<section id="schemas"><h2>Schemas</h2>${parts}</section>`;
}
