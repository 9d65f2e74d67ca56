import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export type Served = {
	/** Without a slash at the end. */
	url: string;
	port: number;
	/** Closes every connection at once. */
	close(): Promise<void>;
};

/** Serves an app on a free port of the loopback, at one of its addresses. */
export async function serve(
	app: RequestListener,
	host = "127.0.0.1",
): Promise<Served> {
	const server = createServer(app);
	server.listen(0, host);
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://${host}:${port}`,
		port,
		async close() {
			const closed = once(server, "close");
			server.close();
			server.closeAllConnections();
			await closed;
		},
	};
}
