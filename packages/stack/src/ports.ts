import { createServer } from "node:net";

// The system may offer a port again as soon as nobody listens there, which is before whoever asked for it does.
const given = new Set<number>();

/** A port that is free on loopback at this moment, and that this process was not given before. */
export async function findFreePort(): Promise<number> {
	for (;;) {
		const port = await listenOnce(0, "127.0.0.1");
		if (port === null) throw new Error("No free port was found on 127.0.0.1.");
		if (given.has(port)) continue;
		given.add(port);
		return port;
	}
}

/** Whether a server could listen on this port now, on loopback or on all. */
export async function isPortFree(port: number): Promise<boolean> {
	// Some systems let the one be taken beside the other.
	for (const host of ["127.0.0.1", undefined]) {
		if ((await listenOnce(port, host)) === null) return false;
	}
	return true;
}

/**
 * Throws one sentence for every port that is taken, or named twice, with the
 * variable that would change it. Looking at all of them before anything
 * starts spares a half-started stack.
 */
export async function checkPorts(ports: Record<string, number>): Promise<void> {
	const problems: string[] = [];
	const seen = new Map<number, string>();
	for (const [variable, port] of Object.entries(ports)) {
		const other = seen.get(port);
		seen.set(port, variable);
		if (other) {
			problems.push(
				`${other} and ${variable} are both ${port}; give one of them another port.`,
			);
		} else if (!(await isPortFree(port))) {
			problems.push(
				`Port ${port} is in use; set ${variable} to a free port, or stop what listens there.`,
			);
		}
	}
	if (problems.length > 0) throw new Error(problems.join("\n"));
}

function listenOnce(port: number, host?: string): Promise<number | null> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once("error", (error: NodeJS.ErrnoException) => {
			if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(null);
			else reject(error);
		});
		server.listen({ port, ...(host ? { host } : {}) }, () => {
			const address = server.address();
			const found =
				typeof address === "object" ? (address?.port ?? null) : null;
			server.close(() => resolve(found));
		});
	});
}
