// Measures how fast it is, beside its peers in the same run, and prints the
// table; `--short` is small enough for a continuous integration.
import { join } from "node:path";
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { root, run } from "./run.mjs";

const env = await ensureInstalled();
const built = await build(env);
if (built.code !== 0) process.exit(built.code);
// What a peer keeps its rows with.
const generated = await run(process.execPath, [
	join(root, "prisma/src/generate.mjs"),
	join(root, "bench/src/peers/schema.prisma"),
]);
if (generated.code !== 0) process.exit(generated.code);
const { code } = await run(
	process.execPath,
	[
		...["--conditions=reelay-source", "--import", "tsx"],
		join(root, "bench/src/main.ts"),
		...process.argv.slice(2),
	],
	{ env },
);
process.exitCode = code;
