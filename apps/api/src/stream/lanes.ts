import { comparePlaces, type Item, type Place } from "./source.ts";

/** Somebody who has read everything of a key up to a place. */
export type Follower = {
	key: string;
	from: Place;
	/** Hands over what is new; false from one who cannot take all of it, and is handed nothing more. */
	take(items: readonly Item[]): boolean;
	/** Called once, when it is handed nothing more. */
	letGo(): void;
};

/** What is being read of one key, and for whom. */
export type Lane = { after: Place; followers: Set<Follower> };

/** Who follows which key, and up to where each key has been read. */
export type Lanes = {
	join(follower: Follower): void;
	/** Does nothing for one who does not follow. */
	leave(follower: Follower): void;
	leaveAll(): void;
	isEmpty(): boolean;
	/** Lets in those who have joined since, each key read again from where the first of them needs it; returns all lanes. */
	admit(): Map<string, Lane>;
	/** Moves a lane of `admit` on and hands over what was read of it; null is what nobody can be handed. */
	hand(
		key: string,
		lane: Lane,
		read: { upTo: Place; items: Item[] | null },
	): void;
};

export function createLanes(): Lanes {
	const lanes = new Map<string, Lane>();
	// Not let in while a statement is under way: it began at another place than they need.
	const joining = new Set<Follower>();
	const leave = (follower: Follower) => {
		const lane = lanes.get(follower.key);
		const wasJoining = joining.delete(follower);
		const wasHere = lane?.followers.delete(follower) ?? false;
		if (lane?.followers.size === 0) lanes.delete(follower.key);
		if (wasJoining || wasHere) follower.letGo();
	};
	return {
		join: (follower) => void joining.add(follower),
		leave,
		leaveAll() {
			const everybody = [...lanes.values()].map(({ followers }) => followers);
			for (const follower of [joining, ...everybody].flatMap((set) => [
				...set,
			])) {
				leave(follower);
			}
		},
		isEmpty: () => lanes.size + joining.size === 0,
		admit() {
			for (const follower of joining) {
				const { key, from } = follower;
				const lane = lanes.get(key) ?? { after: from, followers: new Set() };
				lanes.set(key, lane);
				lane.followers.add(follower);
				if (comparePlaces(from, lane.after) < 0) lane.after = from;
			}
			joining.clear();
			return new Map(lanes);
		},
		hand(key, lane, { upTo, items }) {
			// One that everybody has left meanwhile, and that others may have begun anew, at another place.
			if (lanes.get(key) !== lane) return;
			lane.after = upTo;
			if (items?.length === 0) return;
			for (const follower of [...lane.followers]) {
				if (items === null || !follower.take(items)) leave(follower);
			}
		},
	};
}
