import { runService } from "@reelay/shared/runtime/service";
import { stopAtRacepoint } from "@reelay/shared/testing/racepoint";
import { createReceiverService } from "../service.ts";

// The process as `main.ts` runs it, but it dies or waits where a test says so. Never part of a build.
await runService(
	process.env,
	createReceiverService(stopAtRacepoint(process.env)),
);
