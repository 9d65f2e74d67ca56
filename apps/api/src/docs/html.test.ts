import { describe, expect, it } from "vitest";
import { html, prose } from "./html.ts";

describe("html", () => {
	it("escapes every text, in elements and in attributes", () => {
		const text = `<script>"'&`;

		expect(html`<b title="${text}">${text}</b>`.text).toBe(
			'<b title="&lt;script&gt;&quot;&#39;&amp;">&lt;script&gt;&quot;&#39;&amp;</b>',
		);
	});

	it("takes over what is HTML already, joins lists and leaves nothing for nothing", () => {
		const items = ["a", "<"].map((item) => html`<li>${item}</li>`);

		expect(html`<ul>${items}${null}${undefined}${0}</ul>`.text).toBe(
			"<ul><li>a</li><li>&lt;</li>0</ul>",
		);
	});
});

describe("prose", () => {
	it("shows words between backticks as code", () => {
		expect(prose("a `b<c` d").text).toBe("a <code>b&lt;c</code> d");
	});
});
