/**
 * How far one POST came: looking the name up, connecting, the TLS handshake, sending the request, waiting for the first
 * byte of the answer, reading the answer.
 */
export const attemptPhases = [
	"dns",
	"connect",
	"tls",
	"send",
	"wait",
	"read",
] as const;

/** One of `attemptPhases`. */
export type AttemptPhase = (typeof attemptPhases)[number];

/**
 * Durations in milliseconds, rounded to 0.1, each from the end of the step before it; `totalMs` is all of them. Null is a
 * step that was not reached or does not apply: `dnsMs` for an address, `tlsMs` for http, all three on a kept connection.
 * The step of the connection in which a POST ended has the time until then. `firstByteMs` runs from the request's first
 * byte to the final answer's; an interim answer (1xx) is not one.
 */
export type AttemptTimings = {
	dnsMs: number | null;
	connectMs: number | null;
	tlsMs: number | null;
	firstByteMs: number | null;
	totalMs: number;
};
