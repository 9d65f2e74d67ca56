import { inject } from "vitest";

declare module "vitest" {
	interface ProvidedContext {
		/** What the order of the faults and the pauses between them follow from. */
		chaosSeed: number;
	}
}

/** The run's own; the same one makes the same run again, as far as the machine does. */
export const seed = inject("chaosSeed");

/** Numbers from 0 to 1 that are the same for the same start. */
export function randomFrom(start: number): () => number {
	let state = start >>> 0;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

export function shuffled<Item>(
	items: readonly Item[],
	random: () => number,
): Item[] {
	const keyed = items.map((item) => ({ item, key: random() }));
	return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

/** One of the items, each as often as its weight says. */
export function chosen<Item extends { weight: number }>(
	items: readonly Item[],
	random: () => number,
): Item {
	let left = random() * items.reduce((sum, { weight }) => sum + weight, 0);
	for (const item of items) {
		left -= item.weight;
		if (left < 0) return item;
	}
	return items.at(-1) as Item;
}
