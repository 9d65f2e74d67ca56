import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { startTestRedis } from "./redis.ts";

const first = await startTestRedis();

it.skipIf(!first?.pid)(
	"gives every suite a Redis that evicts nothing and comes back on its port",
	async () => {
		if (!first) return;
		const client = new Redis(first.url);
		const [, policy] = (await client.config(
			"GET",
			"maxmemory-policy",
		)) as string[];
		await client.quit();
		await first.stop();

		const second = await startTestRedis({ port: first.port });

		expect(policy).toBe("noeviction");
		expect(second?.url).toBe(first.url);
		expect(second?.prefix).not.toBe(first.prefix);
		await second?.stop();
	},
);
