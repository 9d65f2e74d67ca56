/**
 * Somebody who orders one video at a time: each POST is sent when the one before has been answered and its webhook has
 * come, after a pause. The receiver is in this process too, so that one clock tells how long all of it took; it does
 * nothing but answer.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { request } from "undici";

export type OneByOne = {
	url: string;
	headers: Record<string, string>;
	/** What is ordered; the address of the webhook is added. */
	body: Record<string, unknown>;
	count: number;
	pauseMs: number;
};

export type Passage = {
	jobId: string;
	sentAtMs: number;
	acceptedAtMs: number;
	deliveredAtMs: number;
};

// A job that is not heard of within this is lost.
const patienceMs = 30_000;

const nowMs = () => performance.timeOrigin + performance.now();

/** Answers each webhook, and tells when the first one about a job was there whole. */
function openReceiver() {
	const heard = new Map<string, (atMs: number) => void>();
	const early = new Map<string, number>();
	const server = createServer((req, res) => {
		const chunks: Buffer[] = [];
		req.on("data", (chunk: Buffer) => chunks.push(chunk));
		req.on("end", () => {
			const atMs = nowMs();
			res.writeHead(200).end();
			const { data } = JSON.parse(Buffer.concat(chunks).toString());
			const tell = heard.get(data.id);
			if (tell === undefined) early.set(data.id, atMs);
			else tell(atMs);
		});
	});
	server.keepAliveTimeout = 60_000;
	return {
		server,
		heardOf: (jobId: string) =>
			new Promise<number>((resolve, reject) => {
				const atMs = early.get(jobId);
				if (atMs !== undefined) return resolve(atMs);
				heard.set(jobId, resolve);
				const lost = new Error(`nobody heard of ${jobId}`);
				setTimeout(reject, patienceMs, lost).unref();
			}),
	};
}

async function order(work: OneByOne): Promise<Passage[]> {
	const { server, heardOf } = openReceiver();
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	const { port } = server.address() as AddressInfo;
	const body = JSON.stringify({
		...work.body,
		webhook_url: `http://127.0.0.1:${port}/`,
	});
	const passages: Passage[] = [];
	for (let n = 0; n < work.count; n += 1) {
		const sentAtMs = nowMs();
		const answer = await request(work.url, {
			method: "POST",
			headers: { "content-type": "application/json", ...work.headers },
			body,
		});
		const { id: jobId } = (await answer.body.json()) as { id: string };
		const acceptedAtMs = nowMs();
		const deliveredAtMs = await heardOf(jobId);
		passages.push({ jobId, sentAtMs, acceptedAtMs, deliveredAtMs });
		await delay(work.pauseMs);
	}
	server.closeAllConnections();
	server.close();
	return passages;
}

process.on("message", async (work: OneByOne) => {
	process.send?.(await order(work));
});
// Nothing is left to answer to.
process.on("disconnect", () => process.exit());
