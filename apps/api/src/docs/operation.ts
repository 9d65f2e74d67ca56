import { actionInputDefs } from "@reelay/shared/contracts/action-input";
import { toJsonSchema } from "@reelay/shared/contracts/json-schema";
import {
	type Operation,
	problemsOf,
} from "@reelay/shared/contracts/operations/operation";
import { problems } from "@reelay/shared/domain/errors";
import { curlOf } from "./curl.ts";
import { type Html, html, jsonBlock, prose } from "./html.ts";
import { type Parameter, parametersOf } from "./parameter.ts";
import { renderSchema, typeOf } from "./schema.ts";
import { renderTry } from "./try.ts";

/** One operation: what it takes, what it answers, how it refuses, and examples. */
export function renderOperation(operation: Operation): Html {
	const { id, method, route, summary, description, scope, body } = operation;
	const parameters = parametersOf(operation);
	return html`<section class="operation" id="${id}">
<h3><a href="#${id}">${summary}</a></h3>
<p class="route"><span class="method ${method}">${method.toUpperCase()}</span> <code>${route}</code> ${renderScope(scope)}</p>
${description === undefined ? null : html`<p>${prose(description)}</p>`}
${parameters.length === 0 ? null : renderParameters(parameters)}
${body === undefined ? null : renderBody(body)}
${renderAnswers(operation)}
${renderProblems(operation)}
${renderExamples(operation)}
${renderTry(operation, parameters)}
</section>`;
}

/** What a body may hold, down to the last field, so that nobody has to go elsewhere to send one. */
function renderBody({ schema, isRequired }: NonNullable<Operation["body"]>) {
	const { schema: part, defs } = toJsonSchema(schema, "input");
	const remark = isRequired ? null : " (may be left out)";
	return html`<h4>Body${remark}</h4>${renderSchema(part, { ...defs, ...actionInputDefs })}`;
}

function renderScope(scope: Operation["scope"]): Html {
	if (scope === "none") return html`<span class="scope">no key needed</span>`;
	if (scope === "any") return html`<span class="scope">any key</span>`;
	return html`<span class="scope">scope <code>${scope}</code></span>`;
}

function renderParameters(parameters: readonly Parameter[]): Html {
	const rows = parameters.map(
		({ place, name, schema }) => html`<tr>
<td><code class="name">${name}</code></td><td>${place}</td>
<td>${typeOf(schema)}${
			schema.default === undefined
				? null
				: html`, default ${JSON.stringify(schema.default)}`
		}</td>
<td>${prose(String(schema.description ?? ""))}</td></tr>`,
	);
	return html`<h4>Parameters</h4>
<table><thead><tr><th>name</th><th>in</th><th>kind</th><th>meaning</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function renderAnswers({ answers }: Operation): Html {
	const rows = answers.map(
		({ status, description, schema, mediaType, headers = [] }) => html`<tr>
<td>${status}</td><td>${description}</td>
<td>${
			schema === undefined
				? "no body"
				: mediaType === undefined
					? typeOf(toJsonSchema(schema, "output").schema)
					: mediaType
		}</td>
<td>${headers.map((name) => html`<code>${name}</code> `)}</td></tr>`,
	);
	return html`<h4>Answers</h4>
<table><thead><tr><th>status</th><th>when</th><th>body</th><th>headers</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function renderProblems(operation: Operation): Html | null {
	const codes = problemsOf(operation);
	if (codes.length === 0) return null;
	return html`<p class="problems">Errors: ${codes.map(
		(code) =>
			html`<a href="#problem-${code}"><code>${problems[code].status} ${code}</code></a> `,
	)}</p>`;
}

function renderExamples(operation: Operation): Html {
	return html`${operation.examples.map(
		(example, index) => html`<details${index === 0 ? html` open` : null}>
<summary>Example: ${example.summary}</summary>
<pre><code>${curlOf(operation, example)}</code></pre>
${
	example.answer === undefined
		? null
		: html`<p>is answered ${example.status} with</p>${jsonBlock(example.answer)}`
}</details>`,
	)}`;
}
