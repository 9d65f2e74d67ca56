import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createSimulator, type SimulatorOptions } from "./app.ts";
import type { Control } from "./control.ts";
import type { Ledger } from "./ledger.ts";

export type RunningSimulator = {
	/** Without a slash at the end. */
	url: string;
	ledger: Ledger;
	control: Control;
	/** Closes every socket at once; may be called twice. */
	close(): Promise<void>;
};

export type StartOptions = SimulatorOptions & {
	/** 0, the default, takes a free one. */
	port?: number | undefined;
	host?: string | undefined;
};

/** A simulator that listens. Rejects with one sentence when it cannot. */
export async function startSimulator(
	options: StartOptions = {},
): Promise<RunningSimulator> {
	const { port = 0, host = "127.0.0.1", ...rest } = options;
	const simulator = createSimulator(rest);
	const server = createServer(simulator.app);
	// Longer than a client keeps an idle socket: it, not we, closes them.
	server.keepAliveTimeout = 65_000;
	await listen(server, port, host);
	const address = server.address() as AddressInfo;
	return {
		url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
		ledger: simulator.ledger,
		control: simulator.control,
		async close() {
			const closed = new Promise((resolve) => server.close(resolve));
			await simulator.close();
			server.closeAllConnections();
			await closed;
		},
	};
}

function listen(server: Server, port: number, host: string): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			reject(new Error(describeListenError(error, port, host)));
		});
		server.listen(port, host, () => {
			server.removeAllListeners("error");
			resolve();
		});
	});
}

function describeListenError(
	error: NodeJS.ErrnoException,
	port: number,
	host: string,
): string {
	if (error.code === "EADDRINUSE")
		return `Port ${port} on ${host} is in use by another program; set SIMULATOR_PORT to a free one.`;
	return `The simulator cannot listen on ${host}:${port}: ${error.message}`;
}
