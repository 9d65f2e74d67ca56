import {
	mkdtemp,
	readdir,
	readFile,
	rename,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createChargeMetrics } from "@reelay/shared/runtime/charge-metrics";
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
import { type AppDeps, createApp } from "../app.ts";
import type { DrainSpoolDeps } from "../callbacks/drain-spool.ts";
import { checkStorage } from "../check-storage.ts";
import { see2ai } from "../providers/see2ai.ts";
import { openSpool } from "../spool.ts";

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
	/** What the receiver works with: its spool, and all that a drain needs. */
	deps: AppDeps & DrainSpoolDeps;
	disk: Disk;
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

/** The spool's folder, which can be taken away. */
export type Disk = {
	/** Everything that is in it, finished or not. */
	text(): Promise<string>;
	/** From now on nothing can be written or read, also not by root. */
	fail(): Promise<void>;
	/** What was kept before is there again. */
	restore(): Promise<void>;
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

/** The receiver on a free port over a database and a folder of its own. Nothing drains unless the test does. */
export async function setStage({
	commitTimeoutMs = 10_000,
} = {}): Promise<ReceiverStage> {
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
	const home = await mkdtemp(join(tmpdir(), "reelay-webhook-"));
	const spool = await openSpool(join(home, "spool"));
	const deps: AppDeps & DrainSpoolDeps = {
		db: watchDatabase(proxied.db, (sql) => void statements.push(sql)),
		ringer: { enqueue: (kind, ids) => void rings.push({ kind, ids }) },
		logger: log.logger,
		onReceived(kind, outcome) {
			counted.push(`${kind} ${outcome}`);
			callbacks.inc({ kind, outcome });
		},
		onCharged: createChargeMetrics(metrics),
		spool,
		commitTimeoutMs,
		providers: [see2ai(keyring)],
		health: {
			checks: { storage: checkStorage(spool, proxied) },
			notes: { database: proxied.check },
			isStopping: () => false,
			registry: metrics.registry,
		},
	};
	const serveAnother = async (keys: Keyring = keyring) => {
		const one = await serve(createApp({ ...deps, providers: [see2ai(keys)] }));
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
		deps,
		disk: diskOf(join(home, "spool")),
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
			await rm(home, { recursive: true });
		},
	};
}

/** It fails by a file in the folder's place. */
export function diskOf(folder: string): Disk {
	const aside = `${folder}-aside`;
	return {
		async text() {
			const names = await readdir(folder);
			const texts = names.map((name) => readFile(join(folder, name), "utf8"));
			return [...names, ...(await Promise.all(texts))].join("\n");
		},
		async fail() {
			await rename(folder, aside);
			await writeFile(folder, "");
		},
		async restore() {
			await rm(folder);
			await rename(aside, folder);
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
