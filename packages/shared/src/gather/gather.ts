/** What came of one item: the group that it went in with is its own affair. */
export type Outcome<Result> = PromiseSettledResult<Result>;

export type GatherOptions<Item, Result> = {
	/** Only items of one name go together, and a slow name holds up no other. */
	nameOf: (item: Item) => string;
	/** Does a group's work in one go, and says of each item, by its place, what came of it. A rejection is each one's. */
	flush: (items: readonly Item[]) => Promise<readonly Outcome<Result>[]>;
	/** The most that go together. */
	maxItems: number;
	/** How many groups of one name are under way at once. */
	maxInFlight: number;
};

type Waiting<Item, Result> = {
	item: Item;
	resolve: (result: Result) => void;
	reject: (reason: unknown) => void;
};

type Lane<Item, Result> = {
	waiting: Waiting<Item, Result>[];
	inFlight: number;
	isDue: boolean;
};

/**
 * Lets concurrent callers share one round trip. There is no timer: who comes while nothing is under way goes with those of
 * the same turn of the event loop, and the others gather while a group is in flight; so one alone waits for nobody, and the
 * groups grow with the load. Each caller hears of its own item only.
 */
export function createGather<Item, Result>(
	options: GatherOptions<Item, Result>,
): (item: Item) => Promise<Result> {
	const { nameOf, maxItems, maxInFlight } = options;
	const lanes = new Map<string, Lane<Item, Result>>();

	function send(name: string, lane: Lane<Item, Result>): void {
		lane.isDue = false;
		while (lane.waiting.length > 0 && lane.inFlight < maxInFlight) {
			const group = lane.waiting.splice(0, maxItems);
			lane.inFlight += 1;
			void settle(options, group).then(() => {
				lane.inFlight -= 1;
				if (lane.waiting.length > 0) send(name, lane);
				else if (lane.inFlight === 0) lanes.delete(name);
			});
		}
	}

	return (item) =>
		new Promise((resolve, reject) => {
			const name = nameOf(item);
			const lane = lanes.get(name) ?? {
				waiting: [],
				inFlight: 0,
				isDue: false,
			};
			lanes.set(name, lane);
			lane.waiting.push({ item, resolve, reject });
			if (lane.isDue || lane.inFlight >= maxInFlight) return;
			lane.isDue = true;
			// After what else this turn of the event loop has read from its sockets.
			setImmediate(() => send(name, lane));
		});
}

async function settle<Item, Result>(
	{ flush }: GatherOptions<Item, Result>,
	group: readonly Waiting<Item, Result>[],
): Promise<void> {
	const outcomes = await flush(group.map(({ item }) => item)).catch(
		(reason: unknown) =>
			group.map(() => ({ status: "rejected", reason }) as const),
	);
	for (const [place, { resolve, reject }] of group.entries()) {
		const outcome = outcomes[place];
		if (outcome?.status === "fulfilled") resolve(outcome.value);
		else reject(outcome?.reason ?? new Error("nothing came of the item"));
	}
}
