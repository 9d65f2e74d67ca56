import {
	type CataloguedEvent,
	eventCatalogue,
	eventExample,
	eventSchemaName,
} from "@reelay/shared/contracts/event-catalogue";
import { problemExample } from "@reelay/shared/contracts/problem";
import { type ProblemCode, problems } from "@reelay/shared/domain/errors";
import { type EventType, eventTypes } from "@reelay/shared/domain/event";
import { type Html, html, jsonBlock } from "./html.ts";
import { schemaAnchor } from "./schema.ts";

const receiver = `import express from "express";
import { verifyWebhook } from "@reelay/client";

const app = express();
// The raw body: a parsed one would not be the bytes that were signed.
app.post("/reelay", express.raw({ type: "application/json", limit: "1mb" }), (req, res) => {
  let event;
  try {
    event = verifyWebhook({ body: req.body, headers: req.headers, secret: process.env.WEBHOOK_SECRET });
  } catch {
    return res.status(400).end();
  }
  // The same event.id may come twice: remember those that you have acted on.
  console.log(event.id, event.type, event.data.id);
  res.status(204).end();
});
app.listen(4000);`;

/** Every type of event, what its body is, and how to know that it is ours. */
export function renderEvents(): Html {
	return html`<section id="events"><h2>Events and webhooks</h2>
<p>An event is a POST by the <em>Standard Webhooks</em> specification, with the headers <code>webhook-id</code> (the same on every attempt),
<code>webhook-timestamp</code> and <code>webhook-signature</code>. Any 2xx within 15 s is success; otherwise it is tried again, with the same
<code>webhook-id</code>. A version changes by addition only: ignore what you do not know.</p>
<h3 id="verify">Verify a webhook</h3>
<pre><code>${receiver}</code></pre>
${eventTypes.map((type) => renderEvent(type, eventCatalogue[type]))}
</section>`;
}

function renderEvent(
	type: EventType,
	{ version, tells, isFinal }: CataloguedEvent,
): Html {
	const name = eventSchemaName(type);
	return html`<section class="operation" id="event-${type}">
<h3><a href="#event-${type}"><code>${type}</code></a></h3>
<p>${tells} ${isFinal ? html`A job's own <code>webhook_url</code> hears of it too.` : null}</p>
<p class="problems">Version ${version}, <a href="#${schemaAnchor(name)}">schema</a></p>
<details><summary>Example</summary>${jsonBlock(eventExample(type))}</details>
</section>`;
}

/** Every problem that the API answers with. */
export function renderErrors(): Html {
	const rows = Object.entries(problems).map(
		([code, { status, title, retryable }]) => html`<tr id="problem-${code}">
<td><code>${code}</code></td><td>${status}</td><td>${title}.</td><td>${retryable ? "yes" : "no"}</td></tr>`,
	);
	return html`<section id="errors"><h2>Errors</h2>
<p>What cannot be served is answered with problem details by RFC 9457. Decide by <code>code</code>, which is stable; <code>detail</code> says what
to change, and <code>errors</code> names every mistake with its place. <em>Retryable</em> means that the same request may succeed later.</p>
<table><thead><tr><th>code</th><th>status</th><th>meaning</th><th>retryable</th></tr></thead><tbody>${rows}</tbody></table>
<details><summary>Example</summary>${jsonBlock({
		...problemExample("invalid_request" satisfies ProblemCode),
		errors: [
			{
				pointer: "/input/duration",
				code: "out_of_range",
				detail: "Send a whole number of seconds from 3 to 15.",
			},
		],
	})}</details>
</section>`;
}
