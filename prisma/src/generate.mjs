// Generates the Prisma client from schema.prisma, without any download, and
// only when the schema or Prisma itself has changed. Another schema than our
// own is named by its path; its client goes beside it.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const other = process.argv[2];
const schema = other ? resolve(other) : join(root, "schema.prisma");
const output = other
	? join(dirname(schema), "generated")
	: join(root, "src", "generated");
const stampFile = join(output, ".stamp");

const manifest = createRequire(import.meta.url).resolve("prisma/package.json");
const { version, bin } = JSON.parse(readFileSync(manifest, "utf8"));
const stamp = createHash("sha256")
	.update(version)
	.update(readFileSync(schema))
	.update(readFileSync(fileURLToPath(import.meta.url)))
	.digest("hex");

if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp) {
	rmSync(output, { recursive: true, force: true });
	const { status, stdout, stderr } = spawnSync(
		process.execPath,
		[join(dirname(manifest), bin.prisma), "generate", "--schema", schema],
		{
			cwd: root,
			encoding: "utf8",
			env: {
				...process.env,
				// The command looks for a schema engine that generating never runs,
				// and would download it. Any program that exists ends the search.
				PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
				PRISMA_HIDE_UPDATE_MESSAGE: "1",
				CHECKPOINT_DISABLE: "1",
			},
		},
	);
	if (status !== 0) {
		process.stderr.write(`prisma generate failed.\n${stdout}${stderr}`);
		process.exit(1);
	}
	writeFileSync(stampFile, stamp);
}
