/**
 * An undici agent whose connections are measured. undici gives a connector no word about the request it connects for, and
 * many connections to one origin may be in the making. So each client, which is one connection at a time and serves one
 * POST at a time, has a connector of its own, and knows the POST that was dispatched to it: the figures of two POSTs
 * cannot meet, not even when a kept connection dies and the client connects anew for a POST that was not started yet.
 */
import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction, Socket } from "node:net";
import { Agent, buildConnector, Client, type Dispatcher, Pool } from "undici";
import type { AttemptPhase, AttemptTimings } from "../domain/attempt-phase.ts";

type ConnectionPhase = Extract<AttemptPhase, "dns" | "connect" | "tls">;
type ConnectionTimings = Omit<AttemptTimings, "firstByteMs" | "totalMs">;

/** What a POST learns of its connection: the client that serves it fills this in. */
export type ConnectionTrace = {
	/** The connection that was begun for this POST; null for good on a kept one. */
	connection: Connection | null;
	/** The connected socket, new or kept. */
	socket: Socket | null;
};

/** Dispatch options that carry a trace down to the client. */
export type TracedDispatchOptions = Dispatcher.DispatchOptions & {
	trace?: ConnectionTrace;
};

/** `admit` judges a target before anything is opened: it gives the one to connect to, or why there is none. */
export type MeasuredAgentOptions = {
	connect: buildConnector.BuildOptions & { lookup?: LookupFunction };
	pipelining?: number;
	admit?: (target: buildConnector.Options) => buildConnector.Options | Error;
};

/** Makes an agent whose requests may carry a `trace` in their dispatch options; to all others it is a plain one. */
export function createMeasuredAgent(options: MeasuredAgentOptions): Agent {
	const { pipelining } = options;
	return new Agent({
		...(pipelining === undefined ? {} : { pipelining }),
		factory: (origin, poolOptions) =>
			new Pool(origin, {
				...poolOptions,
				factory: (clientOrigin, clientOptions) =>
					new MeasuredClient(clientOrigin, clientOptions, options),
			}),
	});
}

/** One connection in the making, or made. */
export class Connection {
	/** The step it is in, or in which it ended. */
	phase: ConnectionPhase;
	readonly #spentMs: Partial<Record<ConnectionPhase, number>> = {};
	#since = performance.now();
	#isOpen = false;

	constructor(hostname: string) {
		this.phase = isIP(hostname) === 0 ? "dns" : "connect";
	}

	/** Ends the present step and begins the next. */
	advance(next: ConnectionPhase): void {
		this.#endStep();
		this.phase = next;
	}

	/** Ends the last step. */
	open(): void {
		this.#endStep();
		this.#isOpen = true;
	}

	/** Milliseconds of each step, the present one included. */
	read(): ConnectionTimings {
		const spent = { ...this.#spentMs };
		if (!this.#isOpen) spent[this.phase] = performance.now() - this.#since;
		return {
			dnsMs: spent.dns ?? null,
			connectMs: spent.connect ?? null,
			tlsMs: spent.tls ?? null,
		};
	}

	#endStep(): void {
		const now = performance.now();
		this.#spentMs[this.phase] = now - this.#since;
		this.#since = now;
	}
}

/** What a client and its connector share. */
type Seat = {
	/** Of the POST that was dispatched last; a client has no second one meanwhile. */
	trace: ConnectionTrace | null;
	connection: Connection | null;
	socket: Socket | null;
};

class MeasuredClient extends Client {
	readonly #seat: Seat;

	constructor(
		origin: URL,
		clientOptions: Client.Options,
		options: MeasuredAgentOptions,
	) {
		const seat: Seat = { trace: null, connection: null, socket: null };
		super(origin, { ...clientOptions, connect: seatConnector(seat, options) });
		this.#seat = seat;
	}

	override dispatch(
		options: TracedDispatchOptions,
		handler: Dispatcher.DispatchHandler,
	): boolean {
		const { trace = null } = options;
		this.#seat.trace = trace;
		if (trace !== null) trace.socket = this.#seat.socket;
		return super.dispatch(options, handler);
	}
}

function seatConnector(
	seat: Seat,
	options: MeasuredAgentOptions,
): buildConnector.connector {
	const lookup: LookupFunction = options.connect.lookup ?? systemLookup;
	const connect = buildConnector({
		...options.connect,
		lookup: measureLookup(seat, lookup),
	});
	return (target, callback) => {
		const admitted = options.admit?.(target) ?? target;
		if (admitted instanceof Error) {
			return queueMicrotask(() => callback(admitted, null));
		}
		const connection = new Connection(admitted.hostname);
		seat.connection = connection;
		if (seat.trace !== null) seat.trace.connection = connection;
		// The types hide it, but the socket is returned while it connects.
		const connecting: unknown = connect(admitted, (...[error, socket]) => {
			if (socket === null || socket === undefined) {
				return callback(error ?? new Error("no socket"), null);
			}
			connection.open();
			seat.socket = socket;
			if (seat.trace !== null) seat.trace.socket = socket;
			callback(null, socket);
		});
		if (admitted.protocol === "https:" && connecting instanceof Socket) {
			connecting.once("connect", () => connection.advance("tls"));
		}
	};
}

// The socket's own event "lookup" comes too early to be heard from a resolver that answers at once.
function measureLookup(seat: Seat, lookup: LookupFunction): LookupFunction {
	return (hostname, options, callback) => {
		const { connection } = seat;
		lookup(hostname, options, (error, address, family) => {
			if (error === null) connection?.advance("connect");
			callback(error, address, family);
		});
	};
}
