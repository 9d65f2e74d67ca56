/**
 * How such a service is usually written: Express, zod, `prisma.create` and then `queue.add`, each awaited. It keeps one row
 * and one message for a job, and nothing else: no history, no ledger, no repair of what a crash leaves between the two.
 */
import { PrismaPg } from "@prisma/adapter-pg";
import {
	createPostgresBackend,
	type JobsOptions,
	Queue,
	withBackend,
} from "bullmq";
import { Redis } from "ioredis";
import { type Prisma, PrismaClient } from "./generated/client.ts";
import { jobBody } from "./job-body.ts";
import { createPeerApp, type PeerStart, servePeer } from "./serve.ts";

const table = `
	create table render_job (
		id uuid primary key, tenant_id text not null, idem_key text, action text not null, input jsonb not null,
		metadata jsonb not null, tags text[] not null, webhook_url text, priority text not null, timeout_s int not null,
		state text not null default 'queued', created_at timestamptz(6) not null default now())`;
const indexes = [
	"create unique index on render_job (tenant_id, idem_key)",
	"create index on render_job (tenant_id, created_at desc)",
];

const messageOptions: JobsOptions = {
	attempts: 3,
	backoff: { type: "exponential", delay: 1_000 },
	removeOnComplete: true,
};

function openQueue({ redisUrl, databaseUrl }: PeerStart) {
	const name = "renders";
	if (redisUrl !== null) {
		// What BullMQ's documentation asks of a producer in a request's way.
		const connection = new Redis(redisUrl, { maxRetriesPerRequest: 1 });
		const queue = new Queue(name, {
			connection,
			defaultJobOptions: messageOptions,
		});
		return {
			queue,
			close: async () => {
				await queue.close();
				connection.disconnect();
			},
		};
	}
	const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
	const queue = new PostgresQueue(name, {
		connection: {
			connectionString: databaseUrl,
			schema: "bullmq",
			migrate: true,
			max: 10,
		},
		defaultJobOptions: messageOptions,
	});
	return { queue, close: () => queue.close() };
}

servePeer(async (start) => {
	// As many connections as our own API has.
	const adapter = new PrismaPg({
		connectionString: start.databaseUrl,
		max: 10,
	});
	const prisma = new PrismaClient({ adapter });
	for (const statement of [table, ...indexes]) {
		await prisma.$executeRawUnsafe(statement);
	}
	const { queue, close } = openQueue(start);
	await queue.waitUntilReady();
	const app = createPeerApp(start);
	app.post("/v1/jobs", async (req, res) => {
		const parsed = jobBody.safeParse(req.body);
		if (!parsed.success) {
			res.status(400).json({ errors: parsed.error.issues });
			return;
		}
		const { action, input, metadata, tags, webhook_url, priority, timeout_s } =
			parsed.data;
		const job = await prisma.renderJob.create({
			data: {
				tenantId: "default",
				idemKey: req.get("idempotency-key") ?? null,
				action: action ?? "see2ai_video_generation_kling_3_0_v1",
				input: input as Prisma.InputJsonObject,
				metadata: metadata ?? {},
				tags: tags ?? [],
				webhookUrl: webhook_url ?? null,
				priority,
				timeoutS: timeout_s,
			},
		});
		await queue.add("render", { jobId: job.id }, { jobId: job.id });
		res.status(202).location(`/v1/jobs/${job.id}`).json(job);
	});
	return {
		app,
		async close() {
			await close();
			await prisma.$disconnect();
		},
	};
});
