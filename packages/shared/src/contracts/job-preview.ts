import { z } from "zod";
import { actionInput } from "./action-input.ts";
import { violationSchema } from "./job-view.ts";

/** What `POST /v1/jobs/validate` answers with when nothing is wrong. */
export const jobPreviewSchema = z
	.strictObject({
		valid: z.literal(true),
		action: z.string(),
		mode: z.string(),
		input: actionInput.meta({
			description: "The input in full, as the provider would get it.",
		}),
		warnings: z.array(violationSchema),
		estimate: z.strictObject({
			points: z.int().nullable().meta({
				description: "What budgets would reserve for it.",
			}),
			render_s_p50: z.int().nullable().meta({
				description:
					"Seconds that half of such renders took lately, from submission to result; null while there is no history.",
			}),
			render_s_p90: z.int().nullable(),
		}),
	})
	.meta({ id: "JobPreview" });
export type JobPreview = z.infer<typeof jobPreviewSchema>;
