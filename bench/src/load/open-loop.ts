/**
 * A load in a process of its own that does not wait for answers: requests arrive at fixed instants, as those of many
 * customers do, and each latency counts from the instant at which it should have been sent. So a stall is seen by all that
 * would have come meanwhile.
 */
import { openRound, openSender, type Target } from "./request.ts";

export type OpenLoop = {
	target: Target;
	perSecond: number;
	seconds: number;
	/** The number of the first request. */
	from: number;
};

// Many customers have a connection each; what finds none free waits, and its wait counts.
const connections = 256;

async function run({ target, perSecond, seconds, from }: OpenLoop) {
	const sender = openSender(target, connections);
	const round = openRound();
	const count = Math.round(perSecond * seconds);
	const startAt = performance.now() + 50;
	const answers: Promise<void>[] = [];
	const sendNext = () => {
		const n = answers.length;
		const dueAt = startAt + (n * 1000) / perSecond;
		answers.push(
			sender
				.send(from + n)
				.then((status) => round.note(status, performance.now() - dueAt)),
		);
	};
	await new Promise<void>((resolve) => {
		// Oftener than requests are due: a timer that fires late sends all that are due by then.
		const timer = setInterval(() => {
			const due = ((performance.now() - startAt) * perSecond) / 1000;
			while (answers.length < count && answers.length <= due) sendNext();
			if (answers.length < count) return;
			clearInterval(timer);
			resolve();
		}, 1);
	});
	await Promise.all(answers);
	const result = round.end();
	await sender.close();
	return result;
}

process.on("message", async (work: OpenLoop) => {
	process.send?.(await run(work));
});
// Nothing is left to answer to.
process.on("disconnect", () => process.exit());
