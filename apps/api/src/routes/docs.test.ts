import { operations } from "@reelay/shared/contracts/operations/all";
import { problems } from "@reelay/shared/domain/errors";
import { eventTypes } from "@reelay/shared/domain/event";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";

let stage: ApiStage;
let page: string;
beforeAll(async () => {
	stage = await setStage();
	page = await (await fetch(`${stage.url}/docs`)).text();
});
afterAll(() => stage.close());

/** Every address that a page or a file names to be loaded, called or gone to. */
function addressesIn(text: string): string[] {
	return [
		...text.matchAll(/\b(?:href|src|action|srcset|poster|data)="([^"]*)"/g),
		...text.matchAll(/url\(([^)]*)\)/g),
		...text.matchAll(/@import\s+(\S+)/g),
		...text.matchAll(/\b(?:fetch|import)\("([^"]*)"/g),
	].map(([, address = ""]) => address);
}

const files = ["/docs/docs.css", "/docs/docs.js", "/docs/icon.svg"];

describe("GET /docs", () => {
	it("names no address on another host, and no file that is not served", async () => {
		const texts = await Promise.all(
			files.map(async (file) => (await fetch(stage.url + file)).text()),
		);

		const addresses = [page, ...texts].flatMap(addressesIn);

		expect(addresses.length).toBeGreaterThan(100);
		for (const address of new Set(addresses)) {
			expect(address).toMatch(/^(#|\/[^/]|$)/);
			if (!address.startsWith("/")) continue;
			const { status } = await fetch(stage.url + address);
			expect(status, address).toBe(200);
		}
	});

	it.each(["/docs", ...files])(
		"lets %s run no script and no style that stands in a page, and load nothing else",
		async (file) => {
			const { headers } = await fetch(stage.url + file);

			const policy = headers.get("content-security-policy") ?? "";
			expect(policy).toContain("default-src 'none'");
			expect(policy).toContain("form-action 'none'");
			expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
			expect(headers.get("x-content-type-options")).toBe("nosniff");
		},
	);

	it("has no script, style or handler in the page itself", () => {
		expect(page).not.toMatch(/<script(?![^>]* src=)/);
		expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/);
	});

	it("shows every operation, event and problem, without a script", () => {
		for (const { id, route, summary } of operations) {
			expect(page).toContain(`<section class="operation" id="${id}">`);
			expect(page).toContain(`<code>${route}</code>`);
			expect(page).toContain(summary.split("'")[0]);
		}
		for (const type of eventTypes) {
			expect(page).toContain(`id="event-${type}"`);
		}
		for (const code of Object.keys(problems)) {
			expect(page).toContain(`id="problem-${code}"`);
		}
	});

	it("leads to nothing on the page that is not there, and has no name twice", () => {
		const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);

		const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);

		expect(new Set(ids).size).toBe(ids.length);
		expect(links.filter((id) => !ids.includes(id))).toEqual([]);
	});

	it("is sent again only when it has changed", async () => {
		const etag = (await fetch(`${stage.url}/docs`)).headers.get("etag") ?? "";

		const { status } = await fetch(`${stage.url}/docs`, {
			headers: { "if-none-match": etag },
		});

		expect(status).toBe(304);
	});
});
