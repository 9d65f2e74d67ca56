// From a fresh clone to a running program: installs, builds, and goes on in
// this same process, so that there is one to stop and one to signal.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { fail, root } from "./run.mjs";

const programs = {
	start: "packages/stack/dist/main.js",
	dev: "packages/stack/dist/main.js",
	demo: "packages/stack/dist/demo/main.js",
	migrate: "prisma/dist/main.js",
	keys: "apps/api/dist/keys/main.js",
	tenants: "apps/api/dist/tenants/main.js",
	reseal: "apps/api/dist/reseal/main.js",
	replay: "apps/webhook/dist/replay/main.js",
	reconcile: "apps/worker/dist/reconcile/main.js",
};

const program = programs[process.argv[2] ?? "start"];
if (!program) fail(`Say one of ${Object.keys(programs).join(", ")}.`);

const env = await ensureInstalled();
// Not to the output, which a command's reader may parse.
process.stderr.write("Building …\n");
const { code } = await build(env);
if (code !== 0) process.exit(code);
await import(pathToFileURL(join(root, program)).href);
