import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

const keptLines = 30;

export type LineReader = { last(): string[] };

/**
 * Reads streams line by line and keeps the newest ones. Always reads, wanted
 * or not: a process whose pipe is full stands still.
 */
export function follow(
	streams: Readable[],
	onLine: (line: string) => void = () => {},
): LineReader {
	const kept: string[] = [];
	for (const input of streams) {
		createInterface({ input }).on("line", (line) => {
			kept.push(line);
			if (kept.length > keptLines) kept.shift();
			onLine(line);
		});
	}
	return { last: () => [...kept] };
}
