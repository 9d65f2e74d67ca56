import { createPostgresBackend, Queue, Worker, withBackend } from "bullmq";
import type { Ring } from "../contracts/queue-messages.ts";
import { openRedis } from "./redis.ts";
import { findRedisFaults } from "./redis-check.ts";
import { openAgainUntilReady, persist } from "./reopen.ts";

/** Where the rings go: Redis when it is set, else the database that Reelay has anyway. */
export type BellSettings = { redisUrl: string | null; databaseUrl: string };
export type BellEngine = "redis" | "postgres";

/** A ring as both engines' queues take it. */
type RingMessage = { name: string; data: Ring; opts: { jobId: string } };

type RingQueue = { addBulk(messages: RingMessage[]): Promise<unknown> };

/** The engine that these settings choose. */
export function bellEngine(settings: BellSettings): BellEngine {
	return settings.redisUrl === null ? "postgres" : "redis";
}

const queueName = "reelay-rings";

// A ring is worth nothing after it was heard, and nothing after it failed: the sweeps ring again.
const ringOptions = {
	attempts: 1,
	removeOnComplete: true,
	removeOnFail: true,
};

// Its absence tells that Redis holds nothing of what it was given.
const markKey = "reelay:rings-are-kept";

// BullMQ's own tables live in a schema of their own, beside Reelay's.
const postgresSchema = "bullmq";

/**
 * A producer that fails fast: without a connection a ring is refused at once instead of being kept in memory, because
 * a sweep will ring again, and a late ring is worth less than a short queue.
 */
export function openRingQueue(
	settings: BellSettings,
	onError: (error: Error) => void,
): {
	/** The queue itself; rejects while it could not set itself up. */
	queue(): Promise<RingQueue>;
	/** True once after the engine has lost what it held: a flush, or a failover to an empty replica. */
	hasForgotten(): Promise<boolean>;
	close(): Promise<void>;
} {
	if (settings.redisUrl === null) {
		const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
		const queue = openAgainUntilReady(() => {
			const opened = new PostgresQueue<Ring>(queueName, {
				connection: postgresConnection(settings.databaseUrl, 2),
				defaultJobOptions: ringOptions,
			});
			opened.on("error", onError);
			return opened;
		});
		return {
			queue: queue.ready,
			// Postgres keeps the rings beside the jobs: it cannot lose the one without the other.
			hasForgotten: async () => false,
			close: queue.close,
		};
	}
	const connection = openRedis(settings.redisUrl, {
		enableOfflineQueue: false,
		maxRetriesPerRequest: 1,
		commandTimeout: 2_000,
	});
	const queue = new Queue<Ring>(queueName, {
		connection,
		prefix: "reelay",
		// Without these two the queue asks the server for its version once, before there is a connection; that fails, and
		// every later ring fails with the same error. The consumer checks the server instead.
		skipWaitingForReady: true,
		skipVersionCheck: true,
		defaultJobOptions: ringOptions,
	});
	queue.on("error", onError);
	return {
		queue: async () => queue,
		// Whoever finds the mark missing sets it, so that of several workers one hears of the loss.
		hasForgotten: async () =>
			(await connection.set(markKey, "1", "NX")) === "OK",
		async close() {
			connection.disconnect();
			await queue.close();
		},
	};
}

/** A consumer that waits for its engine for as long as it takes, and survives every outage of it. */
export function openRingWorker(
	settings: BellSettings,
	hearing: {
		onRing: (message: unknown) => void;
		onError: (error: Error) => void;
		/** A sentence about the engine that its operator should read. */
		onWarning: (sentence: string) => void;
	},
): { close(): Promise<void> } {
	const hear = async (message: { data: unknown }) =>
		hearing.onRing(message.data);
	const options = {
		concurrency: 32,
		removeOnComplete: { count: 0 },
		removeOnFail: { count: 0 },
	};
	if (settings.redisUrl === null) {
		const { Worker: PostgresWorker } = withBackend(createPostgresBackend);
		const worker = openAgainUntilReady(() => {
			const opened = new PostgresWorker(queueName, hear, {
				...options,
				connection: postgresConnection(settings.databaseUrl, 3),
			});
			opened.on("error", hearing.onError);
			return opened;
		});
		const closing = new AbortController();
		const persisting = persist(worker, closing.signal);
		return {
			async close() {
				closing.abort();
				await worker.close();
				await persisting;
			},
		};
	}
	const connection = openRedis(settings.redisUrl, {
		maxRetriesPerRequest: null,
	});
	// At every connection, for a failover may lead to a server with other settings.
	connection.on("ready", () => {
		connection.info().then(
			(info) => findRedisFaults(info).forEach(hearing.onWarning),
			() => {},
		);
	});
	const worker = new Worker(queueName, hear, {
		...options,
		connection,
		prefix: "reelay",
	});
	worker.on("error", hearing.onError);
	return {
		async close() {
			await worker.close(true);
			connection.disconnect();
		},
	};
}

function postgresConnection(databaseUrl: string, max: number) {
	return {
		connectionString: databaseUrl,
		schema: postgresSchema,
		migrate: true,
		max,
		keepAlive: true,
		connectionTimeoutMillis: 5_000,
		application_name: "reelay-bell",
		// A connection that breaks while BullMQ holds it, as it does to set up its tables, has nobody else who hears of it, and
		// that would end the process. The statement under way fails and says so.
		onConnect: (client: {
			on(event: "error", listener: () => void): unknown;
		}) => void client.on("error", () => {}),
	};
}
