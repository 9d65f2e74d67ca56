import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** What a process holds: its memory in RAM in MB, and its open files and sockets. */
export type ProcessSize = { residentMb: number; handles: number };

/** Lets a process of Node collect its garbage whenever it is told to. */
export const collectorFlags = [
	"--expose-gc",
	"--import",
	'data:text/javascript,process.on("SIGUSR2", () => gc())',
];

/**
 * The least of several samples, as Linux tells them, each after the process has collected its garbage: what it still holds of
 * work that is done depends on when its collector came by, and is several times what is under way. It must have been
 * started with `collectorFlags`; any other ends of the signal.
 */
export async function sizeOf(
	pid: number,
	samples: { count: number; everyMs: number },
): Promise<ProcessSize> {
	const sizes: ProcessSize[] = [];
	for (let n = 0; n < samples.count; n += 1) {
		process.kill(pid, "SIGUSR2");
		await delay(samples.everyMs);
		sizes.push(read(pid));
	}
	return {
		residentMb: Math.min(...sizes.map(({ residentMb }) => residentMb)),
		handles: Math.min(...sizes.map(({ handles }) => handles)),
	};
}

function read(pid: number): ProcessSize {
	const status = readFileSync(`/proc/${pid}/status`, "utf8");
	return {
		residentMb: parseResident(status),
		handles: readdirSync(`/proc/${pid}/fd`).length,
	};
}

/** The resident set in MB, as the kernel writes it into a process's status. */
export function parseResident(status: string): number {
	const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
	if (kb === undefined) throw new Error("the process has no memory");
	return Number(kb) / 1024;
}
