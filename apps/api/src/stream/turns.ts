/** Lets so many pieces of work run at once; the others wait in the order in which they came. */
export type Turns = { run<T>(work: () => Promise<T>): Promise<T> };

export function createTurns(count: number): Turns {
	const waiting: (() => void)[] = [];
	let free = count;
	return {
		async run(work) {
			if (free > 0) free -= 1;
			else await new Promise<void>((resolve) => waiting.push(resolve));
			try {
				return await work();
			} finally {
				// Handed on, so that nobody who comes now goes before those who wait.
				const next = waiting.shift();
				if (next === undefined) free += 1;
				else next();
			}
		},
	};
}
