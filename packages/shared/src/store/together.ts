import { createGather, type GatherOptions } from "../gather/gather.ts";

export type SharedStatement<Item, Result> = Omit<
	GatherOptions<Item, Result>,
	"flush"
> & {
	/** Does it for several in one statement; undefined at the place of one that was left out of it. */
	together: (
		items: readonly Item[],
	) => Promise<readonly (Result | undefined)[]>;
	alone: (item: Item) => Promise<Result>;
	/** Whether a failure of the statement is one after which each may be done by itself. */
	mayRepeat: (error: unknown) => boolean;
};

/**
 * Lets concurrent callers share a statement and its commit. Who was left out of it is done by itself after it, and so is
 * everyone when it failed in a way that may be repeated: one bad row is its own caller's affair. Any other failure is all
 * callers'.
 */
export function shareStatement<Item, Result>({
	together,
	alone,
	mayRepeat,
	...gathering
}: SharedStatement<Item, Result>): (item: Item) => Promise<Result> {
	return createGather<Item, Result>({
		...gathering,
		async flush(items) {
			const results = await together(items).catch((error: unknown) => {
				if (items.length === 1 || !mayRepeat(error)) throw error;
				return [];
			});
			return Promise.allSettled(
				items.map((item, place) => {
					const result = results[place];
					return result === undefined ? alone(item) : result;
				}),
			);
		},
	});
}
