import { createMetrics } from "@reelay/shared/runtime/metrics";
import { signCallbackToken } from "@reelay/shared/signing/capability";
import { type Keyring, parseKeyring } from "@reelay/shared/signing/keyring";
import { type Database, openDatabase } from "@reelay/shared/store/database";
import {
	aJob,
	type JobSpec,
	submissionOf,
} from "@reelay/shared/testing/factories";
import { createMemoryLog, type MemoryLog } from "@reelay/shared/testing/log";
import { type NetworkProxy, startProxy } from "@reelay/shared/testing/proxy";
import { type Served, serve } from "@reelay/shared/testing/serve";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { watchDatabase } from "@reelay/shared/testing/watch-database";
import { createApp } from "../app.ts";
import { see2ai } from "../providers/see2ai.ts";

export type Answer = { status: number; headers: Headers; text: string };

/** A job whose submission the provider may call back, and the path it was given. */
export type Rendering = {
	jobId: string;
	submissionId: string;
	token: string;
	path: string;
};

export type ReceiverStage = {
	url: string;
	store: TestStore;
	db: Database;
	log: MemoryLog;
	/** Between the receiver and Postgres; cut it and the database is away. */
	network: NetworkProxy;
	/** Every statement that the receiver has sent. */
	statements: string[];
	/** What it counted, as `kind outcome`. */
	counted: string[];
	rings: { kind: string; ids: readonly string[] }[];
	aRendering(spec?: JobSpec): Promise<Rendering>;
	/** A POST as the provider makes it; `body` is sent as JSON unless it is bytes or a text. */
	post(path: string, body?: unknown, headers?: HeadersOf): Promise<Answer>;
	/** One more receiver on the same database. */
	serveAnother(keyring?: Keyring): Promise<Served>;
	close(): Promise<void>;
};

type HeadersOf = Record<string, string>;

export const aKeyring = (ids: string) =>
	parseKeyring(
		ids
			.split(",")
			.map((id) => `${id}:${Buffer.alloc(32, id).toString("base64")}`)
			.join(),
	);
export const keyring = aKeyring("k1");

/** The receiver on a free port over a database of its own. */
export async function setStage(): Promise<ReceiverStage> {
	const store = await openTestStore();
	const network = await startProxy(store.url);
	const proxied = await openDatabase({
		url: network.url,
		applicationName: "reelay-test",
		poolSize: 5,
	});
	const log = createMemoryLog();
	const metrics = createMetrics("webhook");
	const statements: string[] = [];
	const counted: string[] = [];
	const rings: ReceiverStage["rings"] = [];
	const served: Served[] = [];
	const callbacks = metrics.counter("callbacks_total", "Callbacks.", [
		"kind",
		"outcome",
	]);
	const serveAnother = async (keys: Keyring = keyring) => {
		const app = createApp({
			db: watchDatabase(proxied.db, (sql) => void statements.push(sql)),
			ringer: { enqueue: (kind, ids) => void rings.push({ kind, ids }) },
			logger: log.logger,
			onReceived(kind, outcome) {
				counted.push(`${kind} ${outcome}`);
				callbacks.inc({ kind, outcome });
			},
			providers: [see2ai(keys)],
			health: {
				checks: { database: proxied.check },
				isStopping: () => false,
				registry: metrics.registry,
			},
		});
		const one = await serve(app);
		served.push(one);
		return one;
	};
	const { url } = await serveAnother();
	return {
		url,
		store,
		db: store.db,
		log,
		network,
		statements,
		counted,
		rings,
		async aRendering(spec = {}) {
			const job = await aJob(store, { state: "rendering", ...spec });
			const submissionId = submissionOf(job);
			const token = signCallbackToken(submissionId, keyring);
			const path = `/callbacks/see2ai/${token}`;
			return { jobId: job.id, submissionId, token, path };
		},
		post: (path, body, headers) => post(`${url}${path}`, body, headers),
		serveAnother,
		async close() {
			await Promise.all(served.map((one) => one.close()));
			await proxied.close();
			await network.close();
			await store.close();
		},
	};
}

/** A POST to a full address. */
export async function post(
	url: string,
	body: unknown = "",
	headers: HeadersOf = { "content-type": "application/json" },
): Promise<Answer> {
	const answer = await fetch(url, {
		method: "POST",
		headers,
		body: bytesOf(body),
	});
	const { status } = answer;
	return { status, headers: answer.headers, text: await answer.text() };
}

function bytesOf(body: unknown): string | Uint8Array<ArrayBuffer> {
	if (typeof body === "string") return body;
	return body instanceof Uint8Array
		? new Uint8Array(body)
		: JSON.stringify(body);
}
