import { z } from "zod";
import { callbackIdSchema } from "./ids.ts";
import { limitOf } from "./page.ts";

const after = callbackIdSchema.optional().meta({
	description: "Only callbacks behind this one.",
});
const instant = z.iso.datetime({ offset: true }).optional();
const reason = z
	.string()
	.min(1)
	.max(500)
	.optional()
	.meta({ description: "A part of the reason for which it was set aside." });
const since = instant.meta({
	description: "Received at this instant or later.",
});
const until = instant.meta({ description: "Received before this instant." });

/** The query of `GET /v1/callbacks`. */
export const listQuarantinedSchema = z.strictObject({
	state: z.literal("quarantined").default("quarantined").meta({
		description: "Others are found with their jobs.",
	}),
	reason,
	since,
	until,
	waiting: z
		.enum(["true", "false"])
		.default("false")
		.transform((value) => value === "true")
		.meta({ description: "Only those whose job has not ended." }),
	limit: limitOf(100, 20),
	after,
});

/** The body of `POST /v1/callbacks/{id}/replay`. */
export const replayCallbackSchema = z.strictObject({
	dry_run: z.boolean().default(false).meta({
		description: "Says what would come of it, and changes nothing.",
	}),
	adopt: z.boolean().default(false).meta({
		description:
			"Takes it for the submission's own although it names another task.",
	}),
});

/** The body of `POST /v1/callbacks/replay`: some of what matches, oldest first. */
export const replayCallbacksSchema = z.strictObject({
	reason,
	since,
	until,
	waiting: z.boolean().default(false).meta({
		description: "Only those whose job has not ended.",
	}),
	dry_run: z.boolean().default(false).meta({
		description: "Says what would come of each, and changes nothing.",
	}),
	limit: z.int().min(1).max(200).default(100).meta({
		description: "How many are read again at most; left says how many remain.",
	}),
	after,
});

/** The query of `GET /v1/jobs/{id}/callbacks`. */
export const listCallbacksSchema = z.strictObject({
	limit: limitOf(50, 20),
	after,
});

/** The query of `GET /v1/jobs/{id}/submissions`. */
export const listSubmissionsSchema = z.strictObject({
	limit: limitOf(200, 50),
	after: z
		.string()
		.regex(/^\d{1,9}$/, "is the number of a submission")
		.default("0")
		.meta({ description: "Only submissions behind this one." }),
});
