// BullMQ's own minimum; below it some of its scripts fail.
const minVersion = [6, 2] as const;

/**
 * What is wrong with a Redis for ringing, read from the text of its INFO command: sentences that say what to change,
 * none when it is right. A server that evicts keys drops rings silently, and only the sweeps would find the work.
 */
export function findRedisFaults(info: string): string[] {
	const faults: string[] = [];
	const policy = fieldOf(info, "maxmemory_policy");
	if (policy !== null && policy !== "noeviction") {
		faults.push(
			`Redis evicts keys (maxmemory-policy is ${policy}): set it to noeviction, or rings will be lost.`,
		);
	}
	const version = fieldOf(info, "redis_version");
	const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
	const isOld =
		major < minVersion[0] || (major === minVersion[0] && minor < minVersion[1]);
	if (version !== null && isOld) {
		faults.push(
			`Redis ${version} is older than ${minVersion.join(".")}: upgrade it.`,
		);
	}
	return faults;
}

function fieldOf(info: string, name: string): string | null {
	const line = info.split(/\r?\n/).find((text) => text.startsWith(`${name}:`));
	return line?.slice(name.length + 1).trim() ?? null;
}
