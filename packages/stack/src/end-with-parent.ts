/**
 * Calls `end` when the process that started this one is gone. A program that npm started needs it, because npm's shell
 * dies of a SIGTERM without passing it on.
 */
export function endWithParent(end: () => void): void {
	const parent = process.ppid;
	setInterval(() => process.ppid === parent || end(), 500).unref();
}
