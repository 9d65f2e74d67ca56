import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** What a process holds: its memory in RAM in MB, and its open files and sockets. */
export type ProcessSize = { residentMb: number; handles: number };

/**
 * The least of several samples, as Linux tells them. A process that has just worked also holds what is no longer used, until
 * its collector comes by; the least is nearest to what it needs.
 */
export async function sizeOf(
	pid: number,
	samples: { count: number; everyMs: number },
): Promise<ProcessSize> {
	const sizes: ProcessSize[] = [];
	for (let n = 0; n < samples.count; n += 1) {
		if (n > 0) await delay(samples.everyMs);
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
