import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export type ProcessIdentity = { startedAt: string; command: string };

/**
 * Who a process id belongs to now, or null when to nobody. A process id alone
 * is reused, in containers within seconds; the start tells two owners apart.
 */
export function findProcess(pid: number): ProcessIdentity | null {
	try {
		return process.platform === "linux" ? fromProc(pid) : fromPs(pid);
	} catch {
		return null;
	}
}

function fromProc(pid: number): ProcessIdentity | null {
	const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
	// The name in parentheses may hold spaces; the fields after it never do.
	const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	if (fields[0] === "Z") return null;
	const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
	const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
	return {
		startedAt: `${boot} ${fields[19]}`,
		command: command.replaceAll("\0", " ").trim(),
	};
}

function fromPs(pid: number): ProcessIdentity {
	const column = (name: string) =>
		execFileSync("ps", ["-ww", "-o", `${name}=`, "-p", String(pid)], {
			encoding: "utf8",
			stdio: ["ignore", "pipe", "ignore"],
		}).trim();
	return { startedAt: column("lstart"), command: column("command") };
}
