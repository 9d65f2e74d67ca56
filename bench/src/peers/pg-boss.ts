/**
 * pg-boss with what it offers against its pace of polling: batches, several workers, and a word to the worker whose batch
 * was full that there is more.
 */
import PgBoss from "pg-boss";
import { aRender } from "../video.ts";
import { serveQueue } from "./queue.ts";

const name = "renders";
const workers = 4;

serveQueue(async ({ databaseUrl }) => {
	const boss = new PgBoss({ connectionString: databaseUrl, max: 20 });
	boss.on("error", (error) => process.stderr.write(`pg-boss: ${error}\n`));
	await boss.start();
	await boss.createQueue(name);

	const work = async (
		render: (n: number) => Promise<unknown>,
		batchSize: number,
	) => {
		const id: string = await boss.work<{ n: number }>(
			name,
			// The least that it allows.
			{ batchSize, pollingIntervalSeconds: 0.5 },
			async (jobs) => {
				await Promise.all(jobs.map(({ data }) => render(data.n)));
				if (jobs.length === batchSize) boss.notifyWorker(id);
			},
		);
	};
	return {
		add: (n) => boss.send(name, { n, input: aRender }, { retryLimit: 2 }),
		async work(render, atOnce) {
			const batchSize = Math.ceil(atOnce / workers);
			for (let n = 0; n < workers; n += 1) await work(render, batchSize);
		},
		close: () => boss.stop({ graceful: false }),
	};
});
