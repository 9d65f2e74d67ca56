import { isIP, Socket } from "node:net";
import { vi } from "vitest";

type Target = {
	host?: string;
	lookup?: (
		host: string,
		options: { all: true },
		callback: (error: Error | null, found: { address: string }[]) => void,
	) => void;
};

/** What sockets would have been connected to. */
export type NoNetwork = {
	/** Addresses, in the order in which they would have been tried; a list that a lookup gave stays in its order. */
	readonly attempts: string[];
	restore(): void;
};

/**
 * From now on no socket of this process connects. Each is judged as far as it would have come: a name is looked up by the
 * socket's own lookup, the addresses are noted, and the socket fails with the code `no_network`.
 */
export function forbidNetwork(): NoNetwork {
	const attempts: string[] = [];
	const spy = vi.spyOn(Socket.prototype, "connect");
	spy.mockImplementation(function (this: Socket, ...args: unknown[]) {
		// net.connect hands over its arguments as a list, tls.connect as they are.
		const { host = "", lookup } = args.flat()[0] as Target;
		const fail = (error: Error) => process.nextTick(() => this.destroy(error));
		const note = (addresses: string[]) => {
			attempts.push(...addresses);
			fail(Object.assign(new Error("no network"), { code: "no_network" }));
		};
		// As Node does: whoever is written as an address is not looked up.
		if (lookup === undefined || isIP(host) !== 0) note([host]);
		else {
			lookup(host, { all: true }, (error, found) => {
				if (error !== null) fail(error);
				else note(found.map(({ address }) => address));
			});
		}
		return this;
	});
	return { attempts, restore: () => spy.mockRestore() };
}
