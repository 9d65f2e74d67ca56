import { runService } from "@reelay/shared/runtime/service";
import { createApiService } from "./service.ts";

await runService(process.env, createApiService());
