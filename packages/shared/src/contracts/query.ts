import { z } from "zod";

/** Words in a query, given several times or as a list with commas; none when it is not given. */
export const wordList = z
	.union([z.string(), z.array(z.string())])
	.optional()
	.transform((value) => [value ?? []].flat().flatMap((v) => v.split(",")));
