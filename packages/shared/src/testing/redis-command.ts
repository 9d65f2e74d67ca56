import { Redis } from "ioredis";

/** Runs one command on a Redis over a connection of its own: what an operator does with redis-cli. */
export async function runRedis(
	url: string,
	command: string,
	...args: string[]
): Promise<unknown> {
	const client = new Redis(url, { maxRetriesPerRequest: 1 });
	client.on("error", () => {});
	try {
		return await client.call(command, ...args);
	} finally {
		client.disconnect();
	}
}
