import { z } from "zod";
import type { ProblemCode } from "../../domain/errors.ts";
import type { Answer } from "./operation.ts";

/** What a page is to whoever asks for a stream of it, with `Accept: text/event-stream`. */
export function streamOf(items: string, end: string): Answer {
	return {
		status: 200,
		description: `A stream of ${items}, for Accept: text/event-stream: each with its id, its type as event, and the item of the page as data. ${end}`,
		schema: z.string(),
		mediaType: "text/event-stream",
		headers: ["Cache-Control"],
	};
}

/** What a stream can be refused with, beyond what a page can. */
export const streamProblems = [
	"too_many_streams",
	"streams_full",
] as const satisfies ProblemCode[];

/** The place behind which a stream goes on after its connection broke. */
export const lastEventId = {
	"Last-Event-ID": z.string().optional().meta({
		description:
			"A stream goes on behind this one, whatever after says; a browser sends it by itself.",
	}),
};
