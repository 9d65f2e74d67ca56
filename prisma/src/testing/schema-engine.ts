import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import { readMigrations, shippedMigrations } from "../migration-folder.ts";

const schemaFile = fileURLToPath(
	new URL("../../schema.prisma", import.meta.url),
);

const nothingExternal = { externalTables: [], externalEnums: [] };

/**
 * The statements that would make an empty database into schema.prisma, from
 * Prisma's own engine.
 */
export async function printSchemaDdl(url: string): Promise<string> {
	const content = readFileSync(schemaFile, "utf8");
	const engine = await openEngine(url);
	const { stdout } = await engine.diff({
		from: { tag: "empty" },
		to: {
			tag: "schemaDatamodel",
			files: [{ path: "schema.prisma", content }],
		},
		script: true,
		exitCode: null,
		filters: nothingExternal,
	});
	return stdout ?? "";
}

/** What `prisma migrate status` would say of the database's history. */
export async function diagnoseHistory(url: string) {
	const migrations = await readMigrations(shippedMigrations);
	const lockfile = 'provider = "postgresql"';
	const engine = await openEngine(url);
	return engine.diagnoseMigrationHistory({
		migrationsList: {
			baseDir: shippedMigrations,
			lockfile: { path: "migration_lock.toml", content: lockfile },
			shadowDbInitScript: "",
			migrationDirectories: migrations.map(({ name, sql }) => ({
				path: name,
				migrationFile: {
					path: "migration.sql",
					content: { tag: "ok", value: sql },
				},
			})),
		},
		optInToShadowDatabase: false,
		filters: nothingExternal,
	});
}

// The WebAssembly engine: the native one would be a download.
async function openEngine(url: string) {
	// Once only: the second half keeps views of the first one's memory.
	loading ??= loadEngine();
	const { SchemaEngine } = await loading;
	const adapter = bindMigrationAwareSqlAdapterFactory(
		new PrismaPg({ connectionString: url }),
	);
	const noLog = () => {};
	return SchemaEngine.new({ datamodels: undefined }, noLog, adapter);
}

let loading: ReturnType<typeof loadEngine> | undefined;

type Wasm = {
	instantiate(
		bytes: Uint8Array,
		imports: object,
	): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
};

// The package's entry imports the .wasm as a module, which Node cannot, so
// the two halves are joined by hand.
async function loadEngine() {
	const half = "@prisma/schema-engine-wasm/schema_engine_bg";
	const binding: typeof import("@prisma/schema-engine-wasm/schema_engine_bg") & {
		__wbg_set_wasm?(exports: object): void;
	} = await import("@prisma/schema-engine-wasm/schema_engine_bg");
	const file = createRequire(import.meta.url).resolve(half);
	// @types/node leaves this global to the DOM's types, which are not loaded.
	const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: Wasm };
	const { instance } = await wasm.instantiate(
		readFileSync(file.replace(/\.js$/, ".wasm")),
		{ "./schema_engine_bg.js": binding },
	);
	binding.__wbg_set_wasm?.(instance.exports);
	instance.exports.__wbindgen_start();
	return binding;
}
