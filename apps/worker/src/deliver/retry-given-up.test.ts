import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { retryGivenUp } from "./retry-given-up.ts";

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

const failure = (code: string) => Object.assign(new Error(code), { code });

/** What comes of a statement that fails so often, and how often it was sent. */
async function run(code: string, failures: number) {
	let sent = 0;
	const ran = retryGivenUp(async () => {
		sent += 1;
		if (sent <= failures) throw failure(code);
		return "written";
	}).catch((error: Error) => error.message);
	await vi.runAllTimersAsync();
	return { result: await ran, sent };
}

it.each(["40P01", "40001", "57014"])(
	"sends a statement again that was given up with %s",
	async (code) => {
		expect(await run(code, 2)).toEqual({ result: "written", sent: 3 });
	},
);

it("gives up after three tries, and leaves the rest to the lease", async () => {
	expect(await run("40P01", 99)).toEqual({ result: "40P01", sent: 3 });
});

it.each(["ECONNREFUSED", "23514"])(
	"does not send again what failed with %s",
	async (code) => {
		expect(await run(code, 1)).toEqual({ result: code, sent: 1 });
	},
);
