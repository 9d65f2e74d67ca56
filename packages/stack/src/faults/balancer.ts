import { once } from "node:events";
import {
	createServer,
	type IncomingMessage,
	request,
	type ServerResponse,
} from "node:http";

export type Balancer = {
	/** From now on each request goes to the next of these addresses; those under way end where they are. */
	route(urls: readonly string[]): void;
	close(): Promise<void>;
};

/** What stands before several processes of one kind: it gives each request to the next one that takes a connection. */
export async function startBalancer(port: number): Promise<Balancer> {
	let targets: readonly string[] = [];
	let turn = 0;
	const server = createServer(async (req, res) => {
		const body = await readBody(req);
		turn += 1;
		const order = targets.map(
			(_, n) => targets[(turn + n) % targets.length] as string,
		);
		for (const target of order) {
			if (await forward({ target, req, body, res })) return;
		}
		res.writeHead(503).end();
	});
	server.listen(port, "127.0.0.1");
	await once(server, "listening");
	return {
		route(urls) {
			targets = urls;
		},
		async close() {
			server.closeAllConnections();
			server.close();
			await once(server, "close");
		},
	};
}

async function readBody(req: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of req) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
}

type Forwarded = {
	target: string;
	req: IncomingMessage;
	body: Buffer;
	res: ServerResponse;
};

/** False when nobody listens there, so that another may be asked; what was sent once is never sent to a second one. */
function forward({ target, req, body, res }: Forwarded): Promise<boolean> {
	return new Promise((resolve) => {
		const { method, headers, url = "/" } = req;
		const onward = request(new URL(url, target), {
			method: method ?? "GET",
			headers: { ...headers, connection: "close" },
			agent: false,
		});
		onward.on("response", (answer) => {
			res.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(res);
			resolve(true);
		});
		onward.on("error", (error: NodeJS.ErrnoException) => {
			const isRefused = error.code === "ECONNREFUSED";
			if (!isRefused) res.destroy();
			resolve(!isRefused);
		});
		onward.end(body);
	});
}
