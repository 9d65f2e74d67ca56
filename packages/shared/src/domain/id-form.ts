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
