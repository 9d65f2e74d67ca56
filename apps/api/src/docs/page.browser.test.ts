import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";

declare module "vitest" {
	interface ProvidedContext {
		browser: { chromiumPath: string; searchPath: string };
	}
}

const names = ["chromium", "chromium-browser", "google-chrome"];
const { chromiumPath, searchPath } = inject("browser");
const executablePath = [
	chromiumPath,
	...searchPath
		.split(delimiter)
		.flatMap((folder) => names.map((name) => join(folder, name))),
].find((path) => path !== "" && existsSync(path));

if (executablePath === undefined) {
	// In continuous integration too: no browser is promised there, and routes/docs.test.ts holds what needs none.
	process.stderr.write(
		"SKIPPED: /docs was not opened in a browser. Install chromium, or set CHROMIUM to its path.\n",
	);
}

describe.skipIf(executablePath === undefined)("/docs in a browser", () => {
	let stage: ApiStage;
	let browser: Browser;
	beforeAll(async () => {
		stage = await setStage();
		browser = await chromium.launch({
			executablePath: String(executablePath),
			args: [
				"--no-sandbox",
				"--disable-gpu",
				"--disable-background-networking",
			],
		});
	});
	afterAll(async () => {
		await browser?.close();
		await stage?.close();
	});

	/** The page, and what it asked for and complained of. A violation of the policy is an error of the console. */
	async function openPage(options: { javaScriptEnabled?: boolean } = {}) {
		const page = await browser.newPage(options);
		const requests: string[] = [];
		const errors: string[] = [];
		page.on("request", (request) => requests.push(request.url()));
		page.on("console", (message) => {
			if (message.type() === "error") errors.push(message.text());
		});
		page.on("pageerror", (error) => errors.push(error.message));
		await page.goto(`${stage.url}/docs`);
		return { page, requests, errors };
	}

	async function sendFirstRequest(page: Page, key: string): Promise<string> {
		await page.locator("#key input").fill(key);
		const form = page.locator("#createJob details.try");
		await form.locator("summary").click();
		await form.getByRole("button", { name: "Send" }).click();
		const answer = form.locator("output pre");
		await answer.waitFor();
		return (await answer.textContent()) ?? "";
	}

	it("sends a first request from its form, and keeps the key out of every address", async () => {
		const key = await stage.aKey();
		const { page, requests, errors } = await openPage();

		const answer = await sendFirstRequest(page, key);

		expect(answer).toMatch(
			/^202 Accepted in \d+ ms\nlocation: \/v1\/jobs\/job_/,
		);
		expect(answer).toContain('"state": "queued"');
		expect(requests.map((url) => new URL(url).origin)).toEqual(
			requests.map(() => stage.url),
		);
		expect([page.url(), ...requests].join()).not.toContain(key);
		expect(errors).toEqual([]);
		await page.close();
	});

	it("shows a refusal as it is", async () => {
		const { page } = await openPage();

		const answer = await sendFirstRequest(page, "rl_wrong");

		expect(answer).toMatch(/^401 /);
		expect(answer).toContain('"code": "unauthorized"');
		await page.close();
	});

	it("can be read without a script, and offers no form then", async () => {
		const { page, errors } = await openPage({ javaScriptEnabled: false });

		const text = await page.locator("#createJob").textContent();

		expect(text).toContain("/v1/jobs");
		expect(text).toContain("on_unknown");
		expect(await page.locator("form:visible").count()).toBe(0);
		expect(errors).toEqual([]);
		await page.close();
	});

	it("fits a narrow screen", async () => {
		const { page } = await openPage();

		await page.setViewportSize({ width: 390, height: 800 });
		const width = await page.evaluate("document.documentElement.scrollWidth");

		expect(width).toBeLessThanOrEqual(390);
		await page.close();
	});
});
