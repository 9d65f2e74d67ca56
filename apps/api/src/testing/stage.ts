import { openRateLimits } from "@reelay/shared/limits/rate-limits";
import { parseCidrs } from "@reelay/shared/runtime/address";
import { createMetrics, type Metrics } from "@reelay/shared/runtime/metrics";
import { checkWebhookUrl } from "@reelay/shared/runtime/outbound";
import { createApiKey, hashApiKey } from "@reelay/shared/signing/api-key";
import { parseKeyring } from "@reelay/shared/signing/keyring";
import { createJobInserter } from "@reelay/shared/store/accept-together";
import { type Database, openDatabase } from "@reelay/shared/store/database";
import { insertKey, newKeyId } from "@reelay/shared/store/keys";
import { aTenant } from "@reelay/shared/testing/factories";
import { createMemoryLog, type MemoryLog } from "@reelay/shared/testing/log";
import { type NetworkProxy, startProxy } from "@reelay/shared/testing/proxy";
import { serve } from "@reelay/shared/testing/serve";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { watchDatabase } from "@reelay/shared/testing/watch-database";
import { type AppDeps, createApp } from "../app.ts";
import { createPriceEstimator } from "../estimate-price.ts";
import { allScopes, type Scope } from "../middleware/authenticate.ts";
import { createStrangers } from "../middleware/strangers.ts";
import { createForecast } from "../outlook.ts";
import {
	createStreams,
	type Streams,
	type StreamsDeps,
} from "../stream/streams.ts";
import { checkAnswer, findOperation } from "./contract.ts";
import { openStream, type TestStream } from "./event-stream.ts";

/** An answer whose body each test reads as what it asked for. */
export type Answer = {
	status: number;
	headers: Headers;
	text: string;
	// biome-ignore lint/suspicious/noExplicitAny: a test states what it expects, and a wrong guess fails it
	json: any;
};

export type RequestOptions = {
	method?: string;
	key?: string | null;
	headers?: Record<string, string>;
	/** Sent as JSON unless it is a text or bytes already. */
	body?: unknown;
};

export type ApiStage = {
	url: string;
	/** The database, not by way of the network. */
	store: TestStore;
	db: Database;
	log: MemoryLog;
	/** Between the API and Postgres; cut it and the database is away. */
	network: NetworkProxy;
	/** Those that the API has open. */
	streams: Streams;
	/** The value of a metric of ours whose line has this in it. */
	metric(name: string, label?: string): Promise<number>;
	/** What was rung for, newest last. */
	rings: { kind: string; ids: readonly string[] }[];
	/** Rejects when the answer is not one that the contract documents. */
	request(path: string, options?: RequestOptions): Promise<Answer>;
	/** Asks for a stream with the first key; it is closed with the stage. */
	stream(
		path: string,
		options?: { key?: string; headers?: Record<string, string> },
	): Promise<TestStream>;
	/** Creates a job and returns its view; throws when it is refused. */
	createJob(body?: Record<string, unknown>, key?: string): Promise<Job>;
	/** A key of the first tenant, unless another is given. */
	aKey(tenantId?: string, scopes?: readonly Scope[]): Promise<string>;
	/** A key of a tenant that has nothing to do with the first one. */
	aStrangersKey(): Promise<string>;
	close(): Promise<void>;
};

// biome-ignore lint/suspicious/noExplicitAny: as above
export type Job = { id: string; state: string; [field: string]: any };

export const prompt = "A paper boat on a quiet lake";

export type StageOptions = Partial<AppDeps> & {
	limits?: Partial<StreamsDeps["limits"]>;
	pace?: StreamsDeps["pace"];
	/** Stands between the API and its database. */
	onStatement?: (sql: string) => void | Promise<void>;
};

/** The API on a free port over a database of its own, with one tenant and a key of every scope. */
export async function setStage({
	onStatement = () => {},
	limits,
	pace,
	...overrides
}: StageOptions = {}): Promise<ApiStage> {
	const store = await openTestStore({ rateCount: 20 });
	const network = await startProxy(store.url);
	const proxied = await openDatabase({
		url: network.url,
		applicationName: "reelay-test",
		poolSize: 5,
		keepsPlans: true,
	});
	const db = watchDatabase(proxied.db, onStatement);
	const log = createMemoryLog();
	const metrics = createMetrics("api");
	const streams = createStreams({
		reads: db,
		logger: log.logger,
		metrics,
		limits: { maxStreams: 100, maxStreamsOfTenant: 100, ...limits },
		pace: { pollMs: 20, ...pace },
	});
	const rings: ApiStage["rings"] = [];
	const served = await serve(
		createApp({
			db,
			insertJob: createJobInserter(db),
			reads: db,
			reports: db,
			keyUse: { touch() {} },
			...(await generousLimits(log)),
			streams,
			// A clock that never stands still: nothing is remembered from one request to the next.
			forecast: createForecast(db, { now: everLater() }),
			ringer: { enqueue: (kind, ids) => void rings.push({ kind, ids }) },
			logger: log.logger,
			maxSubmissions: 3,
			resultHosts: null,
			estimatePrice: createPriceEstimator(db, 40),
			keyring: parseKeyring(`k1:${Buffer.alloc(32, 1).toString("base64")}`),
			checkWebhookUrl: (url) => checkWebhookUrl(url, parseCidrs("127.0.0.0/8")),
			health: {
				checks: { database: proxied.check },
				isStopping: () => false,
				registry: metrics.registry,
			},
			...overrides,
		}),
	);
	const aKey = (
		tenantId = store.tenantId,
		scopes = allScopes as readonly Scope[],
	) => addKey(store.db, tenantId, scopes);
	const defaultKey = await aKey();
	const request = requester(served.url, defaultKey);
	return {
		url: served.url,
		store,
		db: store.db,
		log,
		network,
		rings,
		aKey,
		aStrangersKey: async () => aKey(await aTenant(store)),
		request,
		streams,
		metric: (name, label = "") => readMetric(metrics, name, label),
		stream: (path, { key = defaultKey, headers } = {}) =>
			openStream(`${served.url}${path}`, {
				authorization: `Bearer ${key}`,
				...headers,
			}),
		async createJob(body, key = defaultKey) {
			const answer = await request("/v1/jobs", {
				method: "POST",
				key,
				body: { input: { prompt }, ...body },
			});
			if (answer.status !== 202) throw new Error(answer.text);
			return answer.json;
		},
		async close() {
			streams.close();
			await served.close();
			await proxied.close();
			await network.close();
			await store.close();
		},
	};
}

function everLater(): () => number {
	let now = 0;
	return () => {
		now += 60_000;
		return now;
	};
}

async function readMetric(
	{ registry }: Metrics,
	name: string,
	label: string,
): Promise<number> {
	const lines = (await registry.metrics()).split("\n");
	const line = lines.find(
		(one) => one.startsWith(`reelay_${name}{`) && one.includes(label),
	);
	return Number(line?.split(" ").at(-1));
}

/** They are there, and no test comes near them by itself. */
async function generousLimits({ logger }: MemoryLog) {
	const rate = { count: 1_000_000, windowS: 60 };
	return {
		onLimited: () => {},
		rateLimits: await openRateLimits({
			redisUrl: null,
			writes: rate,
			reads: rate,
			onAway: () => {},
			onBack: () => {},
		}),
		strangers: createStrangers({
			logger,
			onLimited: () => {},
			limit: rate.count,
		}),
	};
}

async function addKey(
	db: Database,
	tenantId: string,
	scopes: readonly Scope[],
): Promise<string> {
	const key = createApiKey();
	await insertKey(db, {
		id: await newKeyId(db),
		tenantId,
		name: "test",
		prefix: key.slice(0, 8),
		hash: hashApiKey(key),
		scopes,
		expiresAt: null,
		createdBy: null,
	});
	return key;
}

function requester(url: string, defaultKey: string): ApiStage["request"] {
	return async (path, options = {}) => {
		const { key = defaultKey, headers, body } = options;
		const method = options.method ?? (body === undefined ? "GET" : "POST");
		const answer = await fetch(`${url}${path}`, {
			method,
			headers: {
				...(key === null ? {} : { authorization: `Bearer ${key}` }),
				...(body === undefined ? {} : { "content-type": "application/json" }),
				...headers,
			},
			...(body === undefined ? {} : { body: bytesOf(body) }),
			redirect: "manual",
		});
		const text = await answer.text();
		const [mediaType = ""] = (answer.headers.get("content-type") ?? "").split(
			";",
		);
		const isHead = method === "HEAD";
		const json =
			/json/.test(mediaType) && !isHead ? JSON.parse(text) : undefined;
		// As the server reads it: without dots, and without what stands behind the path.
		const { pathname } = new URL(answer.url);
		// The head of an answer says nothing of its body.
		if (!isHead) {
			checkAnswer(findOperation(method, pathname), {
				status: answer.status,
				mediaType,
				body: json ?? text,
			});
		}
		return { status: answer.status, headers: answer.headers, text, json };
	};
}

function bytesOf(body: unknown): string | Uint8Array<ArrayBuffer> {
	if (typeof body === "string") return body;
	return body instanceof Uint8Array
		? new Uint8Array(body)
		: JSON.stringify(body);
}
