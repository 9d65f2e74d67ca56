import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { startPostgresFaults } from "@reelay/shared/testing/postgres-faults";
import { type AppName, builtEntries, type StackEntries } from "../entries.ts";
import { startOwnPostgres } from "../faults/own-postgres.ts";
import { engineStatements } from "../faults/statements.ts";
import type { JsonAnswer } from "./json-answer.ts";
import { type Bell, openStage, type Stage } from "./stage.ts";

/** How many round trips to Postgres there were, by who made them and for what: `{"api: accept": 1}`. */
export type RoundTrips = Record<string, number>;

/**
 * The built processes, which reach Postgres through a proxy that counts, and do nothing at their own time: each round trip
 * is one that a request, a ring or an answer has led to. The provider answers at once and never calls back.
 */
export type CountingStage = Stage & {
	/** Forgets what was counted until now. */
	begin(): void;
	/** Since `begin`. */
	counted(): RoundTrips;
	/** The provider's newest POSTs, oldest first. */
	posts(limit: number): Promise<JsonAnswer[]>;
};

const apps: readonly AppName[] = ["api", "worker", "webhook"];

// What an answer's estimates come from is read in the background, once a second or seldomer however many ask: the queue, the
// governor, the rate, and how long renders took.
const forecasts = [
	"with recursive waiting as",
	"with g as materialized (select * from governor",
	'as "perSecond"',
	"percentile_cont",
];

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const holdTimers = fileURLToPath(new URL("./hold-timers.mjs", import.meta.url));

/** Opens it; null where the bell is missing. */
export async function openCountingStage(
	bell: Bell,
): Promise<CountingStage | null> {
	const postgres = await startOwnPostgres();
	const between = await startPostgresFaults(postgres.url);
	const closeAll = async () => {
		await between.close();
		await postgres.close();
	};
	let counts: RoundTrips = {};
	between.decide(({ sql, application }) => {
		const name = nameOf(sql, application);
		if (name !== null) counts[name] = (counts[name] ?? 0) + 1;
		return null;
	});
	const env = { DATABASE_URL: between.url, SIMULATOR_ANSWER: "immediate" };
	const stage = await openStage(bell, env, {
		entries: withoutTimers(),
	}).catch(async (error) => {
		await closeAll();
		throw error;
	});
	if (stage === null) {
		await closeAll();
		return null;
	}
	await stage.simulator("/scripts", [
		{ times: "always", behaviour: { callback: { lose: true } } },
	]);
	return {
		...stage,
		begin() {
			counts = {};
		},
		counted: () => ({ ...counts }),
		posts: async (limit) =>
			(await stage.simulator(`/ledger?limit=${limit}`)).posts,
		async close() {
			// An end in order would wait for a timer.
			const running = apps.map((app) => stage.stack.processes.get(app));
			await Promise.all(running.map((one) => one?.kill("SIGKILL")));
			await stage.close();
			await closeAll();
		},
	};
}

function withoutTimers(): Partial<StackEntries> {
	const built = builtEntries(root);
	return Object.fromEntries(
		apps.map((app) => [app, ["--import", holdTimers, ...built[app]]]),
	);
}

/** Null for the bell's own, and for forecasts; its beginning for a statement that nobody has named. */
function nameOf(sql: string, application: string): string | null {
	const by = application.replace(/^reelay-/, "");
	if (by === "bell") return null;
	if (forecasts.some((piece) => sql.includes(piece))) return null;
	const known = engineStatements.find(
		(one) =>
			one.by === by &&
			sql.includes(one.piece) &&
			(one.not === undefined || !sql.includes(one.not)),
	);
	const what = known?.name ?? sql.replace(/\s+/g, " ").trim().slice(0, 80);
	return `${by}: ${what}`;
}

/** One request, as it is sent. */
export type RawPost = { path: string; headers?: string[]; body: unknown };

/**
 * Sends requests that come to a process at the same moment: over connections that it knows, while it is stopped, so that it
 * finds all of them when it goes on. Returns the status of each.
 */
export async function postTogether(
	to: { pid: number; url: string },
	posts: readonly RawPost[],
): Promise<number[]> {
	const lines = await Promise.all(posts.map(() => openLine(to.url)));
	process.kill(to.pid, "SIGSTOP");
	try {
		await Promise.all(
			posts.map((post, n) => lines[n]?.write(asText("POST", post))),
		);
	} finally {
		process.kill(to.pid, "SIGCONT");
	}
	const answers = await Promise.all(lines.map(({ ended }) => ended));
	return answers.map((answer) => Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]));
}

/** A connection on which one request was answered already; `ended` has what was answered since. */
async function openLine(url: string) {
	const { hostname, port } = new URL(url);
	const socket = connect(Number(port), hostname);
	socket.setEncoding("utf8");
	// Resolves when the system has taken all of it.
	const write = (request: string) =>
		new Promise<void>((resolve) => socket.write(request, () => resolve()));
	await write(asText("GET", { path: "/healthz" }));
	await once(socket, "data");
	const ended = text(socket);
	return { write, ended };
}

function asText(
	method: "GET" | "POST",
	{ path, headers = [], body }: Omit<RawPost, "body"> & { body?: unknown },
): string {
	const json = body === undefined ? "" : JSON.stringify(body);
	const head = [
		`${method} ${path} HTTP/1.1`,
		"host: localhost",
		`connection: ${method === "GET" ? "keep-alive" : "close"}`,
		"content-type: application/json",
		`content-length: ${Buffer.byteLength(json)}`,
		...headers,
	];
	return `${head.join("\r\n")}\r\n\r\n${json}`;
}
