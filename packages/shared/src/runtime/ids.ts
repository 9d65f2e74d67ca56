declare const idKind: unique symbol;
type Id<Kind extends string> = string & { readonly [idKind]: Kind };

export type JobId = Id<"job">;
export type SubmissionId = Id<"submission">;
export type EventId = Id<"event">;
export type DeliveryId = Id<"delivery">;
export type EndpointId = Id<"endpoint">;
export type ReplayId = Id<"replay">;
export type KeyId = Id<"key">;
export type TenantId = Id<"tenant">;

/**
 * Which kind of id each word names. Ids are made in one place, the database's
 * function `new_id`, by the database's clock.
 */
export type IdOf = {
	job: JobId;
	submission: SubmissionId;
	event: EventId;
	delivery: DeliveryId;
	endpoint: EndpointId;
	replay: ReplayId;
	key: KeyId;
	tenant: TenantId;
};

/** The prefixes are part of the API: a reader tells an id's kind by them. */
export const idPrefixes: Readonly<Record<keyof IdOf, string>> = {
	job: "job",
	submission: "sub",
	event: "evt",
	delivery: "dlv",
	endpoint: "ep",
	replay: "rpl",
	key: "key",
	tenant: "ten",
};

// Crockford's alphabet without i, l, o and u; the first sign is 0 to 7, since
// 26 signs hold two bits more than an id has.
const ulidPattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Tells whether a text has the form of an id of this kind; a row is not asked. */
export function isId<Kind extends keyof IdOf>(
	kind: Kind,
	text: string,
): text is IdOf[Kind] {
	const prefix = `${idPrefixes[kind]}_`;
	return text.startsWith(prefix) && ulidPattern.test(text.slice(prefix.length));
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** A text that sorts before every id of this kind made at that instant or later, and behind every earlier one. */
export function idBefore(kind: keyof IdOf, instant: Date): string {
	let text = "";
	for (let left = instant.getTime(), n = 0; n < 10; n += 1) {
		text = alphabet[left % 32] + text;
		left = Math.floor(left / 32);
	}
	return `${idPrefixes[kind]}_${text}`;
}
