import { dumpDatabase } from "@reelay/shared/testing/dump";
import { runRedis } from "@reelay/shared/testing/redis-command";
import { expect } from "vitest";

/** What a run has written down or answered, by the place in which it ended. */
export type Sinks = {
	/** Adds a text to a sink. */
	add(sink: string, text: string): void;
	/** Sends a request, keeps all that came back, and returns its status; null when the connection was cut. */
	ask(url: string, init?: RequestInit): Promise<number | null>;
	/** Adds every row of every table, those of the bell on Postgres included, and every key of Redis. */
	dump(databaseUrl: string, redisUrl?: string): Promise<void>;
	text(sink: string): string;
	/** Throws with the names of the secrets that a sink shows, in whole or in part. */
	expectNoTrace(secrets: Record<string, string>): void;
};

/** Opens empty sinks. */
export function openSinks(): Sinks {
	const sinks = new Map<string, string[]>();
	const add = (sink: string, text: string) => {
		const texts = sinks.get(sink) ?? [];
		texts.push(text);
		sinks.set(sink, texts);
	};
	const text = (sink: string) => sinks.get(sink)?.join("\n") ?? "";
	return {
		add,
		text,
		async ask(url, init = {}) {
			const response = await fetch(url, init).catch(() => null);
			if (response === null) return null;
			const head = JSON.stringify([...response.headers]);
			add("answers", `${head}\n${await response.text()}`);
			return response.status;
		},
		async dump(databaseUrl, redisUrl) {
			add("rows", await dumpDatabase(databaseUrl));
			if (redisUrl !== undefined) add("redis", await dumpRedis(redisUrl));
		},
		expectNoTrace(secrets) {
			const found = [...sinks.keys()].flatMap((sink) => {
				const whole = text(sink);
				return Object.entries(secrets)
					.filter(([, secret]) =>
						wordsOf(secret).some((word) => whole.includes(word)),
					)
					.map(([name]) => `${name} is in ${sink}`);
			});
			expect(found).toEqual([]);
		},
	};
}

/** Letters and digits survive every encoding, and a few in a row are enough to tell that a sink has seen the secret. */
function wordsOf(secret: string): string[] {
	const words = secret.split(/[^A-Za-z0-9]/).filter((word) => word.length > 7);
	if (words.length === 0) throw new Error("the secret has no word to look for");
	return words;
}

const readings: Record<string, (key: string) => [string, ...string[]]> = {
	string: (key) => ["GET", key],
	list: (key) => ["LRANGE", key, "0", "-1"],
	hash: (key) => ["HGETALL", key],
	set: (key) => ["SMEMBERS", key],
	zset: (key) => ["ZRANGE", key, "0", "-1"],
	stream: (key) => ["XRANGE", key, "-", "+"],
};

async function dumpRedis(url: string): Promise<string> {
	const texts: string[] = [];
	let cursor = "0";
	do {
		const [next, keys] = (await runRedis(url, "SCAN", cursor)) as [
			string,
			string[],
		];
		for (const key of keys) {
			const read = readings[String(await runRedis(url, "TYPE", key))];
			// It may have been heard and removed between the two commands.
			const value = read ? await runRedis(url, ...read(key)) : null;
			texts.push(key, JSON.stringify(value));
		}
		cursor = next;
	} while (cursor !== "0");
	return texts.join("\n");
}
