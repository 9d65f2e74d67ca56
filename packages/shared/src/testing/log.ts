import { createLogger, type Logger } from "../runtime/logger.ts";

/** One line as a reader of the log would parse it. */
export type LogLine = { level: string; msg: string; [field: string]: unknown };

export type MemoryLog = {
	logger: Logger;
	/** Every line so far, as it was written. */
	text(): string;
	/** Every line so far, or those with this message. */
	lines(msg?: string): LogLine[];
};

/** The production logger, at its most talkative, writing into memory. */
export function createMemoryLog(): MemoryLog {
	const written: string[] = [];
	return {
		logger: createLogger({
			name: "test",
			level: "trace",
			destination: { write: (line: string) => void written.push(line) },
		}),
		text: () => written.join(""),
		lines(msg) {
			const lines = written.map((line) => JSON.parse(line) as LogLine);
			return msg === undefined
				? lines
				: lines.filter((line) => line.msg === msg);
		},
	};
}
