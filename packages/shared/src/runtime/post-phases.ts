import type { AttemptPhase, AttemptTimings } from "../domain/attempt-phase.ts";
import type { Connection, ConnectionTrace } from "./measured-agent.ts";

/** Follows one POST from step to step. Of a connection it knows what a measured agent writes into its `trace`. */
export class PhaseWatch {
	/** To be sent along in the dispatch options. */
	readonly trace: ConnectionTrace = { connection: null, socket: null };
	readonly #beganAt = performance.now();
	readonly #onFlushed = () => {
		this.#isSent = true;
	};
	#connection: Connection | null = null;
	#startedAt: number | null = null;
	#firstByteAt: number | null = null;
	/** Where the request goes to; null until it is about to be sent. */
	address: string | null = null;
	#isSent = false;
	#isStopped = false;

	/** The socket is connected, and the first byte is about to be written. */
	start(): void {
		this.#startedAt = performance.now();
		// Whatever is begun later under the same options is another connection.
		this.#connection = this.trace.connection;
		this.address = this.trace.socket?.remoteAddress ?? null;
		// undici writes it all in this very turn, and does not tell when it has left. What the system did not take by the
		// end of the turn waits for a receiver that does not read.
		setImmediate(() => {
			const { socket } = this.trace;
			if (this.#isStopped || socket?.destroyed) return;
			if (socket?.writableNeedDrain) socket.once("drain", this.#onFlushed);
			else this.#isSent = true;
		});
	}

	/** A byte of an answer has come. */
	noteByte(): void {
		this.#firstByteAt ??= performance.now();
	}

	/** The answer turned out to be an interim one: the final one is still waited for. */
	noteInterim(): void {
		this.#firstByteAt = null;
	}

	/** The step that the POST is in; null before the first. */
	phase(): AttemptPhase | null {
		if (this.#startedAt === null) return this.trace.connection?.phase ?? null;
		if (this.#firstByteAt !== null) return "read";
		return this.#isSent ? "wait" : "send";
	}

	/** The figures until now; nothing is watched any longer. */
	stop(): AttemptTimings {
		this.#isStopped = true;
		this.trace.socket?.off("drain", this.#onFlushed);
		const hasStarted = this.#startedAt !== null;
		const connection = hasStarted ? this.#connection : this.trace.connection;
		const made = connection?.read();
		const firstByteMs =
			this.#firstByteAt === null || this.#startedAt === null
				? null
				: this.#firstByteAt - this.#startedAt;
		return {
			dnsMs: round(made?.dnsMs),
			connectMs: round(made?.connectMs),
			tlsMs: round(made?.tlsMs),
			firstByteMs: round(firstByteMs),
			totalMs: tenth(performance.now() - this.#beganAt),
		};
	}
}

function round(ms: number | null | undefined): number | null {
	return ms === null || ms === undefined ? null : tenth(ms);
}

function tenth(ms: number): number {
	return Math.round(ms * 10) / 10;
}
