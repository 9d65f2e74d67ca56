import { z } from "zod";
import { type ProblemCode, problems } from "../domain/errors.ts";
import { budgetExcessSchema } from "./budget-view.ts";

/** The codes of the catalogue, in its order. */
export const problemCodes = Object.keys(problems) as ProblemCode[];

/** One thing that is wrong with a request, and where it is. */
export const problemIssueSchema = z.strictObject({
	detail: z.string(),
	pointer: z.string().optional().meta({
		description: "A JSON pointer into the body.",
	}),
	parameter: z.string().optional().meta({
		description: "The name of a parameter of the query.",
	}),
	header: z.string().optional().meta({ description: "The name of a header." }),
	code: z.string().optional(),
	suggestion: z.string().optional().meta({
		description: "What was probably meant.",
	}),
});

/** Problem details by RFC 9457: the body of every answer that is an error. */
export const problemSchema = z
	.strictObject({
		type: z.templateLiteral(["urn:reelay:problem:", z.enum(problemCodes)]),
		title: z.string(),
		status: z.int(),
		detail: z.string().meta({ description: "What to change, in a sentence." }),
		instance: z.string().meta({ description: "The path of the request." }),
		code: z.enum(problemCodes).meta({
			description: "Stable: decide by this, and never by a text.",
		}),
		retryable: z.boolean().meta({
			description: "Whether the same request may succeed later.",
		}),
		errors: z.array(problemIssueSchema).optional().meta({
			description: "Every mistake at once, each with its place.",
		}),
		budget: budgetExcessSchema.optional().meta({
			description: "With budget_exceeded: the budget that is in the way.",
		}),
		request_id: z.string().optional().meta({
			description: "The same as in the header X-Request-Id, and in our log.",
		}),
	})
	.meta({ id: "Problem" });
export type ProblemView = z.infer<typeof problemSchema>;

/** A problem as it is shown in documents. */
export function problemExample(code: ProblemCode): ProblemView {
	return {
		type: `urn:reelay:problem:${code}`,
		...problems[code],
		detail: `${problems[code].title}.`,
		instance: "/v1/…",
		code,
		request_id: "0f4b2a9c-5d17-4e0e-9a55-2d6f0c8e7b31",
	};
}
