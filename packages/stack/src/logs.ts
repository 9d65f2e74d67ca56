import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { AppName } from "./entries.ts";
import { makeFolder } from "./folder-lock.ts";

const loudLevels: (string | number)[] = ["warn", "error", "fatal", 40, 50, 60];

export type Logs = {
	write(name: AppName, line: string): void;
	close(): void;
};

/**
 * Keeps every process's output in `logs/<name>.log`, new at each start, and
 * shows on the terminal what asks for attention; when verbose, all of it.
 */
export function openLogs(input: { dataDir: string; isVerbose: boolean }): Logs {
	const folder = join(input.dataDir, "logs");
	const files = new Map<AppName, number>();
	const fileOf = (name: AppName) => {
		makeFolder(folder);
		const file = files.get(name) ?? openSync(join(folder, `${name}.log`), "w");
		files.set(name, file);
		return file;
	};
	return {
		write(name, line) {
			writeSync(fileOf(name), `${line}\n`);
			if (input.isVerbose || asksForAttention(line)) {
				process.stderr.write(`${name.padEnd(9)} | ${line}\n`);
			}
		},
		close() {
			for (const file of files.values()) closeSync(file);
		},
	};
}

// Our processes log JSON; a line that is not is Node's own, or a crash.
function asksForAttention(line: string): boolean {
	if (!line.startsWith("{")) return line.trim() !== "";
	try {
		const { level } = JSON.parse(line) as { level?: string | number };
		return loudLevels.includes(level ?? "");
	} catch {
		return true;
	}
}
