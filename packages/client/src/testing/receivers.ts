import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { serve } from "@reelay/shared/testing/serve";
import { createApp as createExpressApp } from "../../examples/express.ts";
import { createApp as createFastifyApp } from "../../examples/fastify.ts";
import { createApp as createHonoApp } from "../../examples/hono.ts";
import { createPost } from "../../examples/next.ts";
import { createListener } from "../../examples/node-http.ts";
import type { WebhookEvent } from "../index.ts";

/** What each example is built from. */
export type ReceiverDeps = {
	secret: string | string[];
	onEvent(event: WebhookEvent): Promise<void> | void;
};

/** An example that serves: over HTTP on a free port of the loopback, or, for Next, as a call of its handler. */
export type Receiver = {
	post(body: string, headers: Record<string, string>): Promise<Response>;
	close(): Promise<void>;
};

type StartReceiver = (deps: ReceiverDeps) => Promise<Receiver>;

/** How to start the example of each framework. */
export const receivers: Record<string, StartReceiver> = {
	"Express 5": async (deps) => overHttp(await serve(createExpressApp(deps))),
	"Fastify 5": async (deps) => {
		const app = createFastifyApp(deps);
		const url = await app.listen({ port: 0, host: "127.0.0.1" });
		return overHttp({ url, close: () => app.close() });
	},
	Hono: async (deps) => {
		const server = createAdaptorServer({ fetch: createHonoApp(deps).fetch });
		await once(server.listen(0, "127.0.0.1"), "listening");
		const { port } = server.address() as AddressInfo;
		return overHttp({
			url: `http://127.0.0.1:${port}`,
			async close() {
				const closed = once(server, "close");
				server.close();
				if ("closeAllConnections" in server) server.closeAllConnections();
				await closed;
			},
		});
	},
	Next: async (deps) => {
		const post = createPost(deps);
		return {
			post: (body, headers) => {
				const url = "http://localhost/reelay";
				return post(new Request(url, { method: "POST", body, headers }));
			},
			close: async () => {},
		};
	},
	"node:http": async (deps) => overHttp(await serve(createListener(deps))),
};

function overHttp(served: { url: string; close(): Promise<void> }): Receiver {
	return {
		post: (body, headers) =>
			fetch(`${served.url}/reelay`, { method: "POST", body, headers }),
		close: () => served.close(),
	};
}
