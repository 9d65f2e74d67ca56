#!/usr/bin/env node
// A file that is there before anything is built, so that an installation can link to it.
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) {
	await import(main.href);
} else {
	process.stderr.write("reelay is not built yet: run `npm run build`.\n");
	process.exitCode = 2;
}
