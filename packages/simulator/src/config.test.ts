import { expect, it } from "vitest";
import { loadConfig } from "./config.ts";

it("has a default for every setting, and takes an empty one for unset", () => {
	const loaded = loadConfig({ SIMULATOR_PORT: "", LOG_LEVEL: "" });

	expect(loaded).toEqual({
		ok: true,
		config: {
			logLevel: "info",
			start: {
				port: 3003,
				host: "127.0.0.1",
				keys: undefined,
				balance: 1_000_000,
				rate: "20/10",
				concurrency: 100,
				publicUrl: undefined,
				behaviour: { answer: "blocking", render_ms: 2000 },
			},
		},
	});
});

it("prints every mistake at once", () => {
	const loaded = loadConfig({
		SIMULATOR_PORT: "70000",
		SIMULATOR_KEYS: "a,,b",
		SIMULATOR_BALANCE: "-1",
		SIMULATOR_ANSWER: "later",
		SIMULATOR_RATE: "20",
		SIMULATOR_PUBLIC_URL: "see2ai",
		LOG_LEVEL: "loud",
	});

	expect(loaded).toMatchObject({ ok: false });
	const said = loaded.ok ? "" : loaded.mistakes.join("\n");
	for (const name of [
		"PORT",
		"KEYS",
		"BALANCE",
		"ANSWER",
		"RATE",
		"PUBLIC_URL",
	])
		expect(said).toContain(`SIMULATOR_${name}`);
	expect(said).toContain("LOG_LEVEL");
});
