/** The prefixes are part of the API: a reader tells an id's kind by them. */
export const idPrefixes = {
	job: "job",
	batch: "bat",
	submission: "sub",
	event: "evt",
	delivery: "dlv",
	endpoint: "ep",
	replay: "rpl",
	secret: "sec",
	key: "key",
	tenant: "ten",
} as const;
export type IdKind = keyof typeof idPrefixes;

/**
 * The form of an id of this kind: its prefix and 26 signs of Crockford's alphabet, without i, l, o and u. The first sign
 * is 0 to 7, since 26 signs hold two bits more than an id has.
 */
export function idPattern(kind: IdKind): RegExp {
	return new RegExp(`^${idPrefixes[kind]}_[0-7][0-9a-hjkmnp-tv-z]{25}$`);
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** A text that sorts before every id of this kind made at that instant or later, and behind every earlier one. */
export function idBefore(kind: IdKind, instant: Date): string {
	let text = "";
	for (let left = instant.getTime(), n = 0; n < 10; n += 1) {
		text = alphabet[left % 32] + text;
		left = Math.floor(left / 32);
	}
	return `${idPrefixes[kind]}_${text}`;
}
