import { runService } from "@reelay/shared/runtime/service";
import { createReceiverService } from "./service.ts";

await runService(process.env, createReceiverService());
