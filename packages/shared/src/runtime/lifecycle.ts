import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "./logger.ts";

/** A process from its start to its stop; `graceMs` is all the time to stop. */
export type ProcessOptions = {
	name: string;
	logger: Logger;
	start: () => Promise<{ stop(): Promise<void> }>;
	graceMs: number;
};

/**
 * Runs a process until SIGTERM, SIGINT or an error that nobody caught, then
 * calls `stop` once and exits: 0 after a signal, 1 after an error, a failed
 * start or stop, or when `graceMs` ran out. A second signal does nothing: the
 * deadline is already running, and hurrying would cut paid calls short.
 */
export async function runProcess(options: ProcessOptions): Promise<void> {
	const { name, logger, graceMs } = options;
	let exitCode = 0;
	let isStopping = false;
	// The handlers come first: a signal during a slow start is not lost.
	const stop = (cause: string, code: number) => {
		exitCode = Math.max(exitCode, code);
		if (isStopping) return;
		isStopping = true;
		logger.info({ cause, grace_ms: graceMs }, "process.stopping");
		setTimeout(() => {
			logger.fatal({ grace_ms: graceMs }, "process.graceExceeded");
			process.exit(1);
		}, graceMs);
		void finish();
	};
	const finish = async () => {
		try {
			await (await running).stop();
			logger.info({ exit_code: exitCode }, "process.stopped");
		} catch (error) {
			exitCode = 1;
			logger.fatal({ err: error }, "process.stopFailed");
		}
		process.exit(exitCode);
	};
	process.on("SIGTERM", () => stop("SIGTERM", 0));
	process.on("SIGINT", () => stop("SIGINT", 0));
	process.on("uncaughtException", (error, origin) => {
		logger.fatal({ err: error }, `process.${origin}`);
		stop(origin, 1);
	});
	const running = Promise.resolve().then(options.start);
	try {
		await running;
		logger.info({ process: name }, "process.started");
	} catch (error) {
		logger.fatal({ err: error }, "process.startFailed");
		process.exit(1);
	}
}

/** `setting` names the variable that chose the port, for the error's text. */
export type ListenOptions = { port: number; host?: string; setting?: string };

/** A server that answers; `close` may be called twice and closes once. */
export type Listening = {
	url: string;
	port: number;
	close(graceMs: number): Promise<void>;
};

// A client that sends its request slower than this is cut off. Answers are not
// limited: an event stream or a long poll may take as long as it likes.
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
// Longer than the 60 s after which common load balancers drop an idle
// connection, so that it is never us who closes one that is about to be used.
const keepAliveTimeoutMs = 65_000;

/**
 * Serves `app` on a port, or throws an Error that names the port and the
 * variable when it is taken.
 */
export async function listen(
	app: RequestListener,
	options: ListenOptions,
): Promise<Listening> {
	const server = http.createServer(
		{
			headersTimeout: headersTimeoutMs,
			requestTimeout: requestTimeoutMs,
			keepAliveTimeout: keepAliveTimeoutMs,
			connectionsCheckingInterval: 5_000,
		},
		app,
	);
	const { host, port } = options;
	server.listen(host === undefined ? { port } : { port, host });
	try {
		await once(server, "listening");
	} catch (error) {
		throw explainListenError(error as NodeJS.ErrnoException, options);
	}
	const bound = server.address() as AddressInfo;
	let closing: Promise<void> | undefined;
	return {
		url: `http://${reachableHost(bound)}:${bound.port}`,
		port: bound.port,
		close: (graceMs) => {
			closing ??= closeServer(server, graceMs);
			return closing;
		},
	};
}

// `close` alone waits for every connection: an open event stream or a client
// that keeps its connection would hold the process for ever.
async function closeServer(server: http.Server, graceMs: number) {
	const closed = once(server, "close");
	server.close();
	// A connection becomes idle when its last answer ends, which may be at any
	// moment of the grace.
	const sweep = setInterval(() => server.closeIdleConnections(), 50);
	const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
	server.closeIdleConnections();
	await closed;
	clearInterval(sweep);
	clearTimeout(deadline);
}

function explainListenError(
	error: NodeJS.ErrnoException,
	{ port, setting = "its setting" }: ListenOptions,
): Error {
	if (error.code === "EADDRINUSE") {
		return new Error(
			`Port ${port} is already in use: stop the program that uses it, or set ${setting} to another port.`,
			{ cause: error },
		);
	}
	if (error.code === "EACCES") {
		return new Error(
			`Port ${port} needs rights that this process lacks: set ${setting} to a port from 1024 up.`,
			{ cause: error },
		);
	}
	return error;
}

function reachableHost({ address }: AddressInfo): string {
	if (address === "::" || address === "0.0.0.0") return "127.0.0.1";
	return address.includes(":") ? `[${address}]` : address;
}
