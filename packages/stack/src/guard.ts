import { type ChildProcess, spawn } from "node:child_process";

export type GuardOptions = {
	/** A process, or a whole group when negative. */
	target: number;
	/** How it is asked to end; after the grace it is ended by force. */
	signal: "INT" | "TERM";
	graceS: number;
	/** Thrown away once the process has ended. */
	folderToRemove?: string;
};

// `read` of a pipe ends when its other end is closed, which the system does
// for a process that ends in whatever way.
const script = `cat > /dev/null
kill -s "$1" -- "$2" 2> /dev/null || exit 0
n=$(($3 * 10))
while [ $n -gt 0 ] && kill -s 0 -- "$2" 2> /dev/null; do n=$((n - 1)); sleep 0.1; done
kill -s KILL -- "$2" 2> /dev/null
[ -z "$4" ] || rm -rf "$4"`;

/**
 * Ends a process that we started should we end without having stopped it: by
 * SIGKILL, by a crash, by the out-of-memory killer. Kill the guard once its
 * target has ended.
 */
export function spawnGuard(options: GuardOptions): ChildProcess {
	const { target, signal, graceS, folderToRemove = "" } = options;
	const input = [signal, String(target), String(graceS), folderToRemove];
	const guard = spawn("/bin/sh", ["-c", script, "reelay-guard", ...input], {
		cwd: "/",
		detached: true,
		stdio: ["pipe", "ignore", "ignore"],
	});
	guard.once("error", () => {});
	guard.stdin.on("error", () => {});
	guard.unref();
	return guard;
}
