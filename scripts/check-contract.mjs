// Lints the OpenAPI document that the sources make, without a network and without a build.
// Run with tsx: `npm run check:contract`.

import { lintContract } from "../apps/api/src/testing/lint-contract.ts";
import { createOpenApi } from "../packages/shared/src/contracts/openapi/document.ts";

const complaints = await lintContract(createOpenApi("0.0.0"));
for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
process.stdout.write(
	complaints.length === 0
		? "The contract has no errors and no warnings.\n"
		: `The contract has ${complaints.length} mistakes.\n`,
);
process.exitCode = complaints.length === 0 ? 0 : 1;
