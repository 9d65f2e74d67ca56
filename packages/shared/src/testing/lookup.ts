import { readFileSync } from "node:fs";
import { isIP, type LookupFunction } from "node:net";

/** For each name, the lists of addresses that its lookups find, in turn; the last one stays. */
export type LookupAnswers = Record<string, string[][]>;

/**
 * A resolver that a test steers through `LOOKUP_FILE`, which holds `LookupAnswers` as JSON; a name that is not in it does
 * not exist, and nobody is asked. Without the setting there is none, and the system's own is used.
 */
export function lookupInFile(
	env: Record<string, string | undefined>,
): LookupFunction | undefined {
	const { LOOKUP_FILE: file } = env;
	if (file === undefined) return undefined;
	const asked = new Map<string, number>();
	return (hostname, _options, callback) => {
		const answers = JSON.parse(readFileSync(file, "utf8")) as LookupAnswers;
		const turn = asked.get(hostname) ?? 0;
		asked.set(hostname, turn + 1);
		const found = answers[hostname]?.[turn] ?? answers[hostname]?.at(-1);
		if (found === undefined) {
			const error = new Error(`${hostname} is not known`);
			return callback(Object.assign(error, { code: "ENOTFOUND" }), []);
		}
		callback(
			null,
			found.map((address) => ({ address, family: isIP(address) })),
		);
	};
}
