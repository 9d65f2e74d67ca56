// Writes src/generated/api.ts from the contract, when it is not what it should be: `npm run generate`.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createOpenApi } from "@reelay/shared/contracts/openapi/document";
import { renderApi } from "./render-api.ts";

const target = fileURLToPath(new URL("../generated/api.ts", import.meta.url));
const text = renderApi(createOpenApi("0.0.0"));

function readTarget(): string | null {
	try {
		return readFileSync(target, "utf8");
	} catch {
		return null;
	}
}

// An equal file keeps its time, so that nothing is built again.
if (readTarget() !== text) {
	mkdirSync(dirname(target), { recursive: true });
	writeFileSync(target, text);
}
