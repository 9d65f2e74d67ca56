/**
 * A receiver of webhooks in a process of its own: it reads each body, answers 200, and notes when it came. Asked
 * "listen", it answers with its URL; asked "take", with the arrivals since the last time.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Arrivals = { ids: string[]; atMs: number[]; bytes: number };

let arrivals: Arrivals = { ids: [], atMs: [], bytes: 0 };

const server = createServer((req, res) => {
	req.on("data", (chunk: Buffer) => {
		arrivals.bytes += chunk.length;
	});
	req.on("end", () => {
		arrivals.ids.push(String(req.headers["webhook-id"]));
		arrivals.atMs.push(performance.timeOrigin + performance.now());
		res.writeHead(200).end();
	});
});
server.keepAliveTimeout = 60_000;

process.on("message", (question) => {
	if (question === "listen") {
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address() as AddressInfo;
			process.send?.(`http://127.0.0.1:${port}/`);
		});
	}
	if (question === "count") process.send?.(arrivals.ids.length);
	if (question === "take") {
		process.send?.(arrivals);
		arrivals = { ids: [], atMs: [], bytes: 0 };
	}
});
process.on("disconnect", () => {
	server.closeAllConnections();
	server.close();
});
