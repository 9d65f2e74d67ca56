import { z } from "zod";
import { instant } from "./ids.ts";

/** One line of a job's history. */
export const timelineEntrySchema = z
	.strictObject({
		id: z.string().regex(/^\d+$/).meta({
			description: "Give it as after to go on behind this entry.",
		}),
		type: z.string().meta({
			description:
				"What happened, such as accepted, submitting, rendering or succeeded; there may be further words.",
		}),
		at: instant,
		data: z.record(z.string(), z.unknown()),
	})
	.meta({ id: "TimelineEntry" });
