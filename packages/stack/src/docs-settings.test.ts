import { loadConfig } from "@reelay/shared/runtime/config";
import { describe, expect, it } from "vitest";
import { loadStackSettings } from "./settings.ts";
import {
	importFile,
	readDocument,
	readEnvExample,
} from "./testing/documents.ts";

type Schema = Parameters<typeof loadConfig>[0];
type SimulatorConfig = {
	loadConfig: (env: Record<string, string>) => { ok: boolean };
};

const apps = ["api", "worker", "webhook"];
const settings = readEnvExample();
const compose = readDocument("docker-compose.yml");
const variables = [
	...compose.matchAll(/\$\{([A-Z0-9_]+):([-?])([^}]*)\}/g),
].map(([, name = "", kind, text = ""]) => ({ name, kind, text }));

// What has no default, so that the defaults of the rest can be loaded.
const key = `k1:${"A".repeat(43)}=`;
const required = {
	DATABASE_URL: "postgresql://reelay@127.0.0.1/reelay",
	SEE2AI_API_KEY: "key",
	CALLBACK_BASE_URL: "https://callbacks.example.com",
	CALLBACK_KEYS: key,
	ENCRYPTION_KEYS: key,
};
const shown = Object.fromEntries(
	settings
		.filter(({ value }) => value !== "")
		.map(({ name, value }) => [name, value]),
);

async function importSchema(app: string): Promise<Schema> {
	const module = await importFile<object>(`apps/${app}/src/config.ts`);
	const schema = Object.values(module).find((value) => "shape" in value);
	return schema as Schema;
}

function namesIn(text: string, pattern: RegExp): string[] {
	return [...text.matchAll(pattern)].map(([, name = ""]) => name);
}

/** Which process reads which setting, as the code has it. */
async function findReaders(): Promise<Map<string, string[]>> {
	const readers = new Map<string, string[]>();
	const add = (reader: string, names: Iterable<string>) => {
		for (const name of new Set(names)) {
			readers.set(name, [...(readers.get(name) ?? []), reader]);
		}
	};
	for (const app of apps) {
		add(app, Object.keys((await importSchema(app)).shape));
	}
	const simulator = readDocument("packages/simulator/src/config.ts");
	add("simulator", namesIn(simulator, /^\t([A-Z][A-Z0-9_]+):/gm));
	const stack = ["settings", "secrets"].map((name) =>
		readDocument(`packages/stack/src/${name}.ts`),
	);
	add(
		"npm start",
		namesIn(stack.join(), /\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b/g),
	);
	const others = variables.filter(({ name }) => !readers.has(name));
	add(
		"docker compose",
		others.map(({ name }) => name),
	);
	return readers;
}

describe(".env.example", () => {
	it("has every setting with everyone who reads it, and no other", async () => {
		const readers = await findReaders();

		const told = settings.map(({ name, readers }) => [name, readers]);

		const byName = ([a]: unknown[], [b]: unknown[]) =>
			String(a).localeCompare(String(b));
		expect(told.sort(byName)).toEqual([...readers].sort(byName));
	});

	it.each(apps)("shows the defaults of the %s", async (app) => {
		const schema = await importSchema(app);

		const config = loadConfig(schema, { ...required, ...shown });

		expect(config).toEqual(loadConfig(schema, required));
	});

	it("shows the defaults of the simulator", async () => {
		const path = "packages/simulator/src/config.ts";
		const simulator = await importFile<SimulatorConfig>(path);

		const loaded = simulator.loadConfig(shown);

		expect(loaded.ok).toBe(true);
		expect(loaded).toEqual(simulator.loadConfig({}));
	});

	it("shows the defaults of npm start", () => {
		const loaded = loadStackSettings(shown, "/");

		expect({ ...loaded, env: {} }).toEqual(loadStackSettings({}, "/"));
	});
});

describe("docker-compose.yml", () => {
	it("has the defaults of .env.example, and asks for what has none", () => {
		const wrong = variables.filter(({ name, kind, text }) => {
			const value = shown[name] ?? "";
			// An address that only docker compose can know is its own.
			const isOwn = value === "" && name === "SIMULATOR_PUBLIC_URL";
			return !isOwn && (kind === "?" ? value !== "" : value !== text);
		});

		expect(variables.length).toBeGreaterThan(20);
		expect(wrong).toEqual([]);
	});

	it.each(apps)("passes every setting on to the %s", async (app) => {
		const names = Object.keys((await importSchema(app)).shape);
		const [, common = ""] = compose.split("x-environment:");
		const [, own = ""] = compose.split(`\n  ${app}:\n`);

		const passed = [
			common.split("\nservices:")[0],
			own.split(/\n {2}\S/)[0],
		].flatMap((block = "") => namesIn(block, /^ +([A-Z][A-Z0-9_]+): /gm));

		// Inside its container a process listens on its default port.
		const expected = names.filter((name) => !name.endsWith("_PORT"));
		expect(passed.sort()).toEqual(expected.sort());
	});
});
