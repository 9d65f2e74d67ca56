/**
 * A load in a process of its own: on each of so many connections the next request follows the answer to the one before,
 * until the time is up or all were sent. It finds the highest rate; its latencies are those of a full house.
 */
import { openRound, openSender, type Target } from "./request.ts";

export type ClosedLoop = {
	target: Target;
	connections: number;
	seconds: number;
	/** At most so many. */
	count: number;
	/** The number of the first request. */
	from: number;
};

async function run({ target, connections, ...bounds }: ClosedLoop) {
	const sender = openSender(target, connections);
	const round = openRound();
	const endAt = performance.now() + bounds.seconds * 1000;
	const end = bounds.from + bounds.count;
	let next = bounds.from;
	const worker = async () => {
		while (next < end) {
			const sentAt = performance.now();
			if (sentAt >= endAt) return;
			const status = await sender.send(next++);
			round.note(status, performance.now() - sentAt);
		}
	};
	await Promise.all(Array.from({ length: connections }, worker));
	const result = round.end();
	await sender.close();
	return result;
}

process.on("message", async (work: ClosedLoop) => {
	process.send?.(await run(work));
});
// Nothing is left to answer to.
process.on("disconnect", () => process.exit());
