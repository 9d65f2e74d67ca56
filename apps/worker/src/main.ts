import { runService } from "@reelay/shared/runtime/service";
import { createWorkerService } from "./service.ts";

await runService(process.env, createWorkerService());
