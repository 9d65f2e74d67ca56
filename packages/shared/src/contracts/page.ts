import { z } from "zod";

/** A whole list. */
export function listOf<S extends z.ZodType>(item: S) {
	return z.strictObject({ data: z.array(item) });
}

/** A page that an opaque cursor leads on from. */
export function pageOf<S extends z.ZodType>(item: S) {
	return z.strictObject({
		data: z.array(item),
		has_more: z.boolean(),
		next_cursor: z.string().nullable().meta({
			description: "Give it as cursor for the next page; null on the last.",
		}),
	});
}

/** A page that goes on behind the last item that was read, also once new ones have come. */
export function feedOf<S extends z.ZodType, P extends z.ZodType>(
	item: S,
	place: P,
) {
	return z.strictObject({
		data: z.array(item),
		has_more: z.boolean(),
		next_after: place.meta({
			description: "Give it as after to go on, now or when there is more.",
		}),
	});
}

/** How many items a page has. */
export function limitOf(max: number, usual: number) {
	return z.coerce.number().int().min(1).max(max).default(usual).meta({
		description: "How many there are at most on a page.",
	});
}

/** Where a page goes on. */
export const cursor = z.string().optional().meta({
	description:
		"The next_cursor of the page before; leave it out for the first.",
});
