import {
	type DestinationStream,
	type Logger,
	pino,
	stdTimeFunctions,
} from "pino";
import { redactCallbackTokens } from "../signing/capability.ts";

export type { Logger } from "pino";

/** `destination` is where lines go instead of standard output. */
export type LoggerOptions = {
	name: string;
	level: string;
	destination?: DestinationStream;
};

// An authorization field at any depth of a line, whatever its case.
const authorizationField =
	/("(?:proxy-)?authorization"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])/gi;
// The same inside a text: an error's message, or JSON kept in a string.
const bearerToken = /\b(bearer\s+)[A-Za-z0-9._~+/=-]+/gi;

/**
 * Makes a JSON logger whose every line passes one filter before it is written:
 * no callback token and no Authorization header reaches the sink, be it in a
 * URL, an error's stack, a child's bindings or a field nobody thought of.
 */
export function createLogger(options: LoggerOptions): Logger {
	const { name, level, destination } = options;
	const settings = {
		name,
		level,
		timestamp: stdTimeFunctions.isoTime,
		formatters: { level: (label: string) => ({ level: label }) },
		hooks: { streamWrite: redactLine },
	};
	// Synchronous: an asynchronous sink loses its last lines in a crash, and hangs at exit once nobody reads them.
	return pino(
		settings,
		destination ?? pino.destination({ dest: 1, sync: true }),
	);
}

function redactLine(line: string): string {
	return redactCallbackTokens(line)
		.replace(authorizationField, '$1"[redacted]"')
		.replace(bearerToken, "$1[redacted]");
}
