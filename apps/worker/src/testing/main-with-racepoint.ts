import { runService } from "@reelay/shared/runtime/service";
import { lookupInFile } from "@reelay/shared/testing/lookup";
import { stopAtRacepoint } from "@reelay/shared/testing/racepoint";
import { createWorkerService } from "../service.ts";

// The process as `main.ts` runs it, but it dies or waits where a test says so, and
// resolves the names that a test gives it. Never part of a build.
await runService(
	process.env,
	createWorkerService(stopAtRacepoint(process.env), lookupInFile(process.env)),
);
