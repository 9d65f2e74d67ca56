import { createJobSchema } from "@reelay/shared/contracts/job-api";
import { z } from "zod";

/**
 * The body of `POST /v1/jobs` for those peers that validate with zod alone: our own schema, with the action's input as
 * somebody would write it in zod. It checks what the load sends as strictly as we do, without our sentences and suggestions.
 */
export const jobBody = createJobSchema.extend({
	input: z.strictObject({
		prompt: z.string().min(1).max(2_500).nullish(),
		image_urls: z.array(z.url()).max(2).default([]),
		sound: z.boolean().default(false),
		duration: z.enum(Array.from({ length: 13 }, (_, n) => String(n + 3))),
		aspect_ratio: z.enum(["16:9", "9:16", "1:1"]).default("16:9"),
		mode: z.enum(["std", "pro"]).default("pro"),
		multi_shots: z.boolean().default(false),
		multi_prompt: z.array(z.unknown()).max(5).default([]),
		kling_elements: z.array(z.unknown()).max(3).default([]),
	}),
});
