import { z } from "zod";

/** A header `If-None-Match`: the tag of what the client has. */
export const ifNoneMatchSchema = z.string().meta({
	description: "The ETag that you have: a 304 says that nothing has changed.",
	examples: ['"5d41402abc4b2a76"'],
});

/** Words in a query, given several times or as a list with commas; none when it is not given. */
export const wordList = z
	.union([z.string(), z.array(z.string())])
	.optional()
	.transform((value) => [value ?? []].flat().flatMap((v) => v.split(",")));
