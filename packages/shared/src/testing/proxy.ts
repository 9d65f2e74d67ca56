import { once } from "node:events";
import {
	type AddressInfo,
	connect,
	createServer,
	type Server,
	type Socket,
} from "node:net";
import { Transform } from "node:stream";

type Shape = { latencyMs: number; bytesPerSecond: number | null };

export type NetworkProxy = {
	/** The target's own URL with the proxy's host and port in it. */
	url: string;
	/** Hands bytes on, the state at first and again after `cut` or `stall`. */
	restore(): void;
	/** Resets every open connection and every new one, as a server that is gone does. */
	cut(): void;
	/** Keeps every connection open and hands nothing on: half-open, with no answer and no reset. */
	stall(): void;
	/** Resets every open connection once; new ones are served. */
	reset(): void;
	/** Lets every open connection stay silent for ever, as one whose peer has vanished; new ones are served. */
	strand(): void;
	/** From now on each chunk waits `latencyMs`, and at most `bytesPerSecond` pass on each connection and way. */
	shape(shape: Partial<Shape>): void;
	connections(): number;
	close(): Promise<void>;
};

/** A TCP proxy on a free port of loopback that can be made slow, half-open or cut while a test runs. */
export async function startProxy(targetUrl: string): Promise<NetworkProxy> {
	const { hostname, port: targetPort } = new URL(targetUrl);
	const target = { host: hostname, port: Number(targetPort) };
	const pairs = new Set<[Socket, Socket]>();
	const stranded = new Set<Socket>();
	const shape: Shape = { latencyMs: 0, bytesPerSecond: null };
	let mode: "pass" | "stall" | "refuse" = "pass";

	const reset = () => {
		for (const pair of pairs) for (const end of pair) end.resetAndDestroy();
	};
	const server = createServer((client) => {
		client.on("error", () => {});
		if (mode === "refuse") {
			client.resetAndDestroy();
			return;
		}
		const upstream = connect(target);
		upstream.on("error", () => client.resetAndDestroy());
		const pair: [Socket, Socket] = [client, upstream];
		pairs.add(pair);
		const end = () => {
			pairs.delete(pair);
			stranded.delete(client);
			client.destroy();
			upstream.destroy();
		};
		client.on("close", end);
		upstream.on("close", end);
		const isOpen = () => mode === "pass" && !stranded.has(client);
		client.pipe(gate(isOpen, shape)).pipe(upstream);
		upstream.pipe(gate(isOpen, shape)).pipe(client);
	});
	const url = await listenAs(server, targetUrl);
	return {
		url,
		restore() {
			mode = "pass";
		},
		cut() {
			mode = "refuse";
			reset();
		},
		stall() {
			mode = "stall";
		},
		reset,
		strand() {
			for (const [client] of pairs) stranded.add(client);
		},
		shape: (next) => void Object.assign(shape, next),
		connections: () => pairs.size,
		async close() {
			reset();
			server.close();
			await once(server, "close");
		},
	};
}

/** Listens on a free port of loopback in the target's place; returns the target's own URL with that in it. */
export async function listenAs(
	server: Server,
	targetUrl: string,
): Promise<string> {
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const url = new URL(targetUrl);
	url.hostname = "127.0.0.1";
	url.port = String((server.address() as AddressInfo).port);
	return url.href;
}

const gatePollMs = 20;

/** Hands chunks on while the gate is open, shaped; holds them back, and with them the whole stream, while it is not. */
function gate(isOpen: () => boolean, shape: Shape): Transform {
	return new Transform({
		transform(chunk: Buffer, _encoding, done) {
			const pass = () => {
				if (this.destroyed) return;
				if (isOpen()) done(null, chunk);
				else setTimeout(pass, gatePollMs);
			};
			const perByte =
				shape.bytesPerSecond === null ? 0 : 1000 / shape.bytesPerSecond;
			const waitMs = shape.latencyMs + chunk.length * perByte;
			if (waitMs === 0) pass();
			else setTimeout(pass, waitMs);
		},
	});
}
