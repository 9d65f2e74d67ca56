/**
 * What the queues that are peers have in common: a process that adds jobs one by one, as requests come, and one that works
 * on them. A job's work is one POST to the provider's paid route with `fetch()`, whose answer is read; with it the job is
 * done. There is no ledger, no callback and no webhook.
 */
import { aRender, renderPath } from "../video.ts";

export type Queue = {
	add(n: number): Promise<unknown>;
	/** Runs `render` for what was added, up to `atOnce` at a time. */
	work(render: (n: number) => Promise<unknown>, atOnce: number): Promise<void>;
	close(): Promise<unknown>;
};

export type QueueStart = { databaseUrl: string; redisUrl: string | null };

/** What a parent asks, in turn; each is answered with one message. */
export type QueueQuestion =
	| { open: QueueStart }
	| { work: { providerUrl: string; atOnce: number } }
	| { add: { count: number; atOnce: number } }
	| { ended: { count: number } };

/** The instant at which so many different jobs had been done since the last time. */
export type Ended = { toMs: number };
export type Added = { fromMs: number };

const nowMs = () => performance.timeOrigin + performance.now();

/** Answers the parent's questions with this queue, and ends with it. */
export function serveQueue(open: (start: QueueStart) => Promise<Queue>): void {
	let queue: Queue | undefined;
	const done = new Set<number>();
	let onDone = () => {};

	const opened = (): Queue => {
		if (queue === undefined) throw new Error("the queue was not opened");
		return queue;
	};
	const ended = async (count: number): Promise<Ended> => {
		await new Promise<void>((resolve) => {
			onDone = () => {
				if (done.size >= count) resolve();
			};
			onDone();
		});
		done.clear();
		return { toMs: nowMs() };
	};
	const answer = async (question: QueueQuestion): Promise<unknown> => {
		if ("open" in question) queue = await open(question.open);
		else if ("work" in question) {
			const { providerUrl, atOnce } = question.work;
			const render = async (n: number) => {
				const answered = await postRender(providerUrl);
				done.add(n);
				onDone();
				return answered;
			};
			await opened().work(render, atOnce);
		} else if ("add" in question) return addAll(opened(), question.add);
		else return ended(question.ended.count);
		return "ready";
	};
	process.on("message", async (question: QueueQuestion) => {
		process.send?.(await answer(question));
	});
	process.on("disconnect", async () => {
		await queue?.close();
		process.exit();
	});
}

async function postRender(providerUrl: string): Promise<unknown> {
	const answer = await fetch(`${providerUrl}${renderPath}`, {
		method: "POST",
		headers: {
			authorization: "Bearer sim-local",
			"content-type": "application/json",
		},
		body: JSON.stringify(aRender),
	});
	const output = await answer.json();
	if (!answer.ok) throw new Error(`the provider answered ${answer.status}`);
	return output;
}

async function addAll(
	queue: Queue,
	{ count, atOnce }: { count: number; atOnce: number },
): Promise<Added> {
	let next = 0;
	const client = async () => {
		while (next < count) await queue.add(next++);
	};
	const fromMs = nowMs();
	await Promise.all(Array.from({ length: atOnce }, client));
	return { fromMs };
}
