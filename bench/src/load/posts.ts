/**
 * A load of POSTs in a process of its own, no two alike: each is sent once, over so many kept connections, and on each of
 * them the next follows the answer to the one before. Built on `dispatch`, which is the least that undici can do for an
 * answer, because the load shares the processor with what it measures.
 */
import { Pool } from "undici";
import { post } from "./request.ts";

export type Posts = {
	/** Where all of them go. */
	origin: string;
	posts: readonly { path: string; body: string }[];
	headers?: Record<string, string>;
	atOnce: number;
};

export type Answers = {
	/** Of the first POST and of the last answer, on the clock that all processes of this machine have. */
	fromMs: number;
	toMs: number;
	/** How many answers had each status; 0 counts POSTs that got none. */
	statuses: Record<string, number>;
	/** Of each answer, in the order in which they came. */
	latenciesMs: number[];
};

const nowMs = () => performance.timeOrigin + performance.now();

async function sendAll(work: Posts): Promise<Answers> {
	const { origin, posts, atOnce } = work;
	const pool = new Pool(origin, { connections: atOnce, pipelining: 1 });
	const headers = { "content-type": "application/json", ...work.headers };
	const send = ({ path, body }: Posts["posts"][number]) =>
		post(pool, { path, headers, body });
	const statuses: Answers["statuses"] = {};
	const latenciesMs: number[] = [];
	let next = 0;
	const client = async () => {
		for (let post = posts[next++]; post !== undefined; post = posts[next++]) {
			const sentAt = performance.now();
			const status = await send(post);
			latenciesMs.push(performance.now() - sentAt);
			statuses[status] = (statuses[status] ?? 0) + 1;
		}
	};
	const fromMs = nowMs();
	await Promise.all(Array.from({ length: atOnce }, client));
	const toMs = nowMs();
	await pool.close();
	return { fromMs, toMs, statuses, latenciesMs };
}

process.on("message", async (work: Posts) => {
	process.send?.(await sendAll(work));
});
// Nothing is left to answer to.
process.on("disconnect", () => process.exit());
