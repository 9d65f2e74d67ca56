/**
 * A proxy that speaks Postgres' protocol, so that a test can break single statements of a process that knows nothing of
 * it: a statement may be refused, or be executed and committed and then answered as if it had not been. Statements inside
 * a transaction pass as they are; the engine has none.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import {
	createFraming,
	errorAnswer,
	type Message,
	readRow,
	readStartup,
	readTexts,
} from "./postgres-messages.ts";
import { listenAs } from "./proxy.ts";

/** A statement on its way to the server, and the `application_name` of who sends it. */
export type Statement = { sql: string; application: string };

/** What the server said to a statement that was executed. */
export type Executed = { tag: string; rows: (string | null)[][] };

/**
 * `refused` never reaches the server. `executed` is committed first, and then, unless `unless` says of the answer that
 * this one does not count, the client hears the error instead of it. `cut` stands for a reset of the connection.
 */
export type StatementFault =
	| { when: "refused"; sqlState: string }
	| {
			when: "executed";
			sqlState: string | "cut";
			unless?: (answer: Executed) => boolean;
			/** Told once the client has heard the error. */
			onFired?: () => void;
	  };

export type DecideFault = (
	statement: Statement,
) => StatementFault | null | Promise<StatementFault | null>;

export type PostgresFaults = {
	/** The server's own URL with the proxy's host and port in it. */
	url: string;
	/** From now on asked about each statement, which waits until it is told; null hands everything on again. */
	decide(decide: DecideFault | null): void;
	close(): Promise<void>;
};

/** Starts it on a free port of loopback; it hands everything on until `decide` is called. */
export async function startPostgresFaults(
	targetUrl: string,
): Promise<PostgresFaults> {
	const target = new URL(targetUrl);
	const open = new Set<Socket>();
	let decide: DecideFault | null = null;
	const server = createServer((client) => {
		const upstream = connect(Number(target.port || 5432), target.hostname);
		for (const end of [client, upstream]) {
			open.add(end);
			end.on("error", () => {});
			end.on("close", () => {
				open.delete(end);
				client.destroy();
				upstream.destroy();
			});
		}
		serveSession(client, upstream, (statement) => decide?.(statement) ?? null);
	});
	const url = await listenAs(server, targetUrl);
	return {
		url,
		decide(next) {
			decide = next;
		},
		async close() {
			for (const end of open) end.resetAndDestroy();
			server.close();
			await once(server, "close");
		},
	};
}

/** What is owed to the client for one exchange: the server's answer, or another in its place. */
type Owed = { fault: Extract<StatementFault, { when: "executed" }> | null };

function serveSession(
	client: Socket,
	upstream: Socket,
	decide: DecideFault,
): void {
	const fromClient = createFraming(true);
	const owed: Owed[] = [];
	const answers = readAnswers(client, owed);
	const exchanges = createExchanges();
	let application = "";
	let work: Promise<void> = Promise.resolve();

	async function take(message: Message): Promise<void> {
		if (message.type === "") {
			const startup = readStartup(message);
			if (startup.asksForEncryption) {
				fromClient.expectBare();
				client.write("N");
				return;
			}
			application = startup.application;
			upstream.write(message.bytes);
			return;
		}
		const exchange = exchanges.add(message);
		if (exchange === null) return;
		if (exchange.sql === null) {
			upstream.write(exchange.bytes);
			return;
		}
		const isAlone = answers.isIdle() && owed.length === 0;
		const fault = isAlone
			? await decide({ sql: exchange.sql, application })
			: null;
		if (fault?.when === "refused") {
			client.write(errorAnswer(fault.sqlState));
			return;
		}
		owed.push({ fault });
		upstream.write(exchange.bytes);
	}

	client.on("data", (chunk: Buffer) => {
		// One after the other: a statement that a test holds back holds back what follows on its connection. The cut is
		// made behind the one before, for that may tell that the next message has no type.
		work = work.then(async () => {
			for (const message of fromClient.read(chunk)) await take(message);
		});
	});
	upstream.on("data", answers.read);
}

/**
 * Gathers a client's messages up to the one that makes the server answer. `sql` is null for what is no statement, such
 * as a password, and for what is not followed by an answer of its own.
 */
function createExchanges() {
	const named = new Map<string, string>();
	let gathered: Buffer[] = [];
	let sql: string[] = [];

	function note(message: Message): void {
		if (message.type === "P") {
			const [name = "", text = ""] = readTexts(message, 2);
			named.set(name, text);
		} else if (message.type === "B") {
			const [, name = ""] = readTexts(message, 2);
			sql.push(named.get(name) ?? "");
		} else if (message.type === "Q") sql.push(...readTexts(message, 1));
	}

	return {
		add(message: Message): { bytes: Buffer; sql: string | null } | null {
			gathered.push(message.bytes);
			note(message);
			const { type } = message;
			if (type === "P" || type === "B" || type === "D" || type === "E") {
				return null;
			}
			const bytes = Buffer.concat(gathered);
			gathered = [];
			if (type !== "S" && type !== "Q") return { bytes, sql: null };
			const text = sql.join(";\n");
			sql = [];
			return { bytes, sql: text };
		},
	};
}

/** Hands the server's answers on, those of faulty exchanges changed. */
function readAnswers(client: Socket, owed: Owed[]) {
	const framing = createFraming(false);
	let isIdle = false;
	let held: Message[] = [];

	function end(ready: Message): void {
		isIdle = String.fromCharCode(ready.bytes[5] ?? 0) === "I";
		const fault = owed.shift()?.fault ?? null;
		if (fault === null) {
			client.write(ready.bytes);
			return;
		}
		const answer = [...held, ready];
		held = [];
		const executed = readExecuted(answer);
		// A statement that failed by itself, or that opened a transaction, is not one that was committed.
		if (!isIdle || executed === null || fault.unless?.(executed)) {
			client.write(Buffer.concat(answer.map(({ bytes }) => bytes)));
			return;
		}
		if (fault.sqlState === "cut") client.resetAndDestroy();
		else client.write(errorAnswer(fault.sqlState));
		fault.onFired?.();
	}

	return {
		/** Outside a transaction, and past the login. */
		isIdle: () => isIdle,
		read(chunk: Buffer): void {
			for (const message of framing.read(chunk)) {
				if (message.type === "Z") end(message);
				else if (owed[0]?.fault) held.push(message);
				else client.write(message.bytes);
			}
		},
	};
}

function readExecuted(answer: readonly Message[]): Executed | null {
	if (answer.some(({ type }) => type === "E")) return null;
	const done = answer.findLast(({ type }) => type === "C");
	if (done === undefined) return null;
	return {
		tag: readTexts(done, 1).join(""),
		rows: answer.filter(({ type }) => type === "D").map(readRow),
	};
}
