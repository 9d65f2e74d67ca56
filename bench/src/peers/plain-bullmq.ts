/** BullMQ as its documentation starts a queue for production, on Redis, or on its own Postgres backend. */
import { createPostgresBackend, Queue, Worker, withBackend } from "bullmq";
import { Redis } from "ioredis";
import { aRender } from "../video.ts";
import { type QueueStart, serveQueue } from "./queue.ts";

const name = "renders";
const jobOptions = {
	attempts: 3,
	backoff: { type: "exponential", delay: 1_000 },
	removeOnComplete: { count: 1_000 },
	removeOnFail: { count: 5_000 },
};

type Closable = { close(): Promise<unknown> };

/** The two classes with what they connect to: a worker may wait for ever, a producer may not. */
function openEngine({ redisUrl, databaseUrl }: QueueStart) {
	if (redisUrl !== null) {
		const connect = (maxRetriesPerRequest: number | null) =>
			new Redis(redisUrl, { maxRetriesPerRequest });
		return {
			openQueue: () =>
				new Queue(name, {
					connection: connect(1),
					defaultJobOptions: jobOptions,
				}),
			openWorker: (run: Run, concurrency: number) =>
				new Worker(name, run, { connection: connect(null), concurrency }),
		};
	}
	const { Queue: PostgresQueue, Worker: PostgresWorker } = withBackend(
		createPostgresBackend,
	);
	const connection = { connectionString: databaseUrl, migrate: true, max: 20 };
	return {
		openQueue: () =>
			new PostgresQueue(name, { connection, defaultJobOptions: jobOptions }),
		openWorker: (run: Run, concurrency: number) =>
			new PostgresWorker(name, run, { connection, concurrency }),
	};
}

type Run = (job: { data: { n: number } }) => Promise<unknown>;

serveQueue(async (start) => {
	const { openQueue, openWorker } = openEngine(start);
	const queue = openQueue();
	const open: Closable[] = [queue];
	await queue.waitUntilReady();
	return {
		add: (n) => queue.add("render", { n, input: aRender }),
		async work(render, atOnce) {
			const worker = openWorker(({ data }) => render(data.n), atOnce);
			open.push(worker);
			await worker.waitUntilReady();
		},
		close: () => Promise.all(open.map((one) => one.close())),
	};
});
