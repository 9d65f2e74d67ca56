import { readdirSync, readFileSync } from "node:fs";

/** Resident memory of a process in MB; null where the system does not tell. */
export function residentMb(pid: number | undefined): number | null {
	try {
		const status = readFileSync(`/proc/${pid}/status`, "utf8");
		const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
		return kb === undefined ? null : Number(kb) / 1024;
	} catch {
		return null;
	}
}

function openHandles(pid: number): number | null {
	try {
		return readdirSync(`/proc/${pid}/fd`).length;
	} catch {
		return null;
	}
}

type Sample = { atMs: number; mb: number; handles: number };

/** What a process held over a run: when it had settled, and at the end. */
export type Footprint = {
	name: string;
	startMb: number;
	/** The median of the second quarter, when caches are warm. */
	settledMb: number;
	/** The median of the last quarter. */
	endMb: number;
	/** From the second quarter on; null when that is too short to tell. */
	mbPerHour: number | null;
	handles: [first: number, last: number];
};

const sampleEveryMs = 10_000;
// A process that is still warming up has no slope of its own.
const leastSamples = 20;

/** Looks at these processes every ten seconds until it is stopped; says nothing where the system does not tell. */
export function watchMemory(processes: { name: string; pid: number }[]) {
	const samples = new Map<string, Sample[]>();
	const look = () => {
		for (const { name, pid } of processes) {
			const mb = residentMb(pid);
			const handles = openHandles(pid);
			if (mb === null || handles === null) continue;
			const own = samples.get(name) ?? [];
			own.push({ atMs: Date.now(), mb, handles });
			samples.set(name, own);
		}
	};
	look();
	const timer = setInterval(look, sampleEveryMs);
	return {
		stop(): Footprint[] {
			clearInterval(timer);
			look();
			return [...samples].map(([name, own]) => footprint(name, own));
		},
	};
}

function footprint(name: string, samples: Sample[]): Footprint {
	const quarter = Math.floor(samples.length / 4);
	const mbOf = (part: Sample[]) => median(part.map(({ mb }) => mb));
	return {
		name,
		startMb: samples[0]?.mb ?? 0,
		settledMb: mbOf(samples.slice(quarter, 2 * quarter + 1)),
		endMb: mbOf(samples.slice(-quarter - 1)),
		mbPerHour:
			samples.length < leastSamples
				? null
				: slopePerHour(samples.slice(quarter)),
		handles: [samples[0]?.handles ?? 0, samples.at(-1)?.handles ?? 0],
	};
}

function median(values: number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** The least squares' line through the samples. */
function slopePerHour(samples: Sample[]): number {
	const hours = samples.map(({ atMs }) => atMs / 3_600_000);
	const meanHour = mean(hours);
	const meanMb = mean(samples.map(({ mb }) => mb));
	let above = 0;
	let below = 0;
	for (const [index, { mb }] of samples.entries()) {
		const offset = (hours[index] ?? 0) - meanHour;
		above += offset * (mb - meanMb);
		below += offset ** 2;
	}
	return below === 0 ? 0 : above / below;
}

function mean(values: number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** In a few words, for the table of faults. */
export function describeFootprint(one: Footprint): string {
	const [first, last] = one.handles;
	const round = (mb: number) => mb.toFixed(0);
	const slope =
		one.mbPerHour === null ? "" : `${one.mbPerHour.toFixed(1)} MB/h, `;
	return `${one.name} ${round(one.startMb)} → ${round(one.endMb)} MB (settled ${round(one.settledMb)}, ${slope}${first} → ${last} handles)`;
}
