import { type Ring, ringId } from "../contracts/queue-messages.ts";
import { createGather } from "../gather/gather.ts";
import { type BellSettings, openRingQueue } from "./backend.ts";

/** Sends rings. Nothing that a customer waits for ever awaits it. */
export type Ringer = {
	/**
	 * Rings after a commit and returns at once; those that are rung for together share rings. One that cannot be sent is
	 * reported to `onLost` and forgotten, for a sweep repairs it.
	 */
	enqueue(kind: Ring["kind"], ids: readonly string[]): void;
	/** The same, awaited: true when the engine took every ring. The sweeps use it to know whether the bell works. */
	enqueueAndWait(kind: Ring["kind"], ids: readonly string[]): Promise<boolean>;
	/**
	 * True once after the engine has lost its rings (a flush, an empty replica), so that a sweep can ring again at once
	 * for all that waits. False while the engine cannot be asked.
	 */
	hasForgotten(): Promise<boolean>;
	close(): Promise<void>;
};

type Told = { kind: Ring["kind"]; ids: readonly string[] };

// Those who ring at once share a message to the engine; a slow engine makes them more, and not the messages.
const together = { maxItems: 100, maxInFlight: 4 };

// Whoever hears a ring takes up to eight jobs or more deliveries, and goes on until there are none. So of those that came
// together each eighth rings, which wakes as many workers as there is work for.
const idsPerRing = 8;

const everyNth = (ids: readonly string[]): string[] =>
	ids.filter((_, n) => n % idsPerRing === 0);

/** Opens the producing side of the bell. A refused connection is told to `onLost`, never thrown. */
export function openRinger(
	settings: BellSettings,
	onLost: (error: Error) => void,
): Ringer {
	const { queue, hasForgotten, close } = openRingQueue(settings, onLost);
	async function enqueueAndWait(kind: Ring["kind"], ids: readonly string[]) {
		if (ids.length === 0) return true;
		const messages = everyNth(ids).map((id) => {
			const data: Ring = { v: 1, kind, id };
			return { name: kind, data, opts: { jobId: ringId(data) } };
		});
		try {
			await (await queue()).addBulk(messages);
			return true;
		} catch (error) {
			onLost(error as Error);
			return false;
		}
	}
	const enqueueTogether = createGather<Told, boolean>({
		nameOf: ({ kind }) => kind,
		...together,
		async flush(told) {
			const [first] = told;
			if (first === undefined) return [];
			const ids = told.flatMap(({ ids }) => ids);
			const value = await enqueueAndWait(first.kind, ids);
			return told.map(() => ({ status: "fulfilled", value }));
		},
	});
	return {
		enqueue: (kind, ids) => void enqueueTogether({ kind, ids }),
		enqueueAndWait,
		hasForgotten: () => hasForgotten().catch(() => false),
		close,
	};
}
