import type { Operation } from "@reelay/shared/contracts/operations/operation";
import { type Html, html } from "./html.ts";
import type { Parameter } from "./parameter.ts";

/**
 * A form that sends the request from the page. It is hidden until the page's script is there to send it: the form itself
 * has nowhere to go, so that nothing of it can end in an address.
 */
export function renderTry(
	{ id, method, route, scope, body, examples }: Operation,
	parameters: readonly Parameter[],
): Html {
	const example = examples.find((one) => one.body !== undefined)?.body;
	return html`<details class="try" hidden>
<summary>Send a request</summary>
<form data-method="${method.toUpperCase()}" data-route="${route}" data-key="${scope === "none" ? "no" : "yes"}">
${parameters.map(
	({ place, name, example: shown }) => html`<label>${name} <span>${place}</span>
<input name="${name}" data-place="${place}" autocomplete="off" spellcheck="false" ${
		// An id of an example is nobody's, and a key of one would make every request the same.
		place === "query" ? html`value=""` : html`placeholder="${shown ?? ""}"`
	} ${place === "path" ? html`required` : null}></label>`,
)}
${
	body === undefined
		? null
		: html`<label>body <span>JSON</span>
<textarea name="body" data-place="body" rows="8" spellcheck="false">${
				example === undefined ? "" : JSON.stringify(example, null, 2)
			}</textarea></label>`
}
<button type="submit">Send</button>
</form>
<output id="answer-${id}" aria-live="polite"></output>
</details>`;
}
