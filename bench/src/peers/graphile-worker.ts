/**
 * graphile-worker as its page on performance configures it: 24 jobs at once from batches of 500, completed in batches. Our
 * own number at once does not suit it, for it wants a connection for each. It writes no line for each job.
 */
import { Logger, makeWorkerUtils, type Runner, run } from "graphile-worker";
import { aRender } from "../video.ts";
import { serveQueue } from "./queue.ts";

const name = "render";

serveQueue(async ({ databaseUrl }) => {
	const connectionString = databaseUrl;
	const logger = new Logger(() => (level, message) => {
		if (level === "error") process.stderr.write(`${message}\n`);
	});
	const utils = await makeWorkerUtils({
		preset: { worker: { connectionString, logger, maxPoolSize: 20 } },
	});
	await utils.migrate();
	let runner: Runner | undefined;
	return {
		add: (n) => utils.addJob(name, { n, input: aRender }, { maxAttempts: 3 }),
		async work(render) {
			runner = await run({
				preset: {
					worker: {
						connectionString,
						logger,
						concurrentJobs: 24,
						maxPoolSize: 25,
						localQueue: { size: 500 },
						completeJobBatchDelay: 0,
						failJobBatchDelay: 0,
					},
				},
				noHandleSignals: true,
				parsedCronItems: [],
				taskList: {
					[name]: async (payload) => {
						await render((payload as { n: number }).n);
					},
				},
			});
		},
		async close() {
			await runner?.stop();
			await utils.release();
		},
	};
});
