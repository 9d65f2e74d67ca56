import { randomInt } from "node:crypto";
import { monotonicFactory, type ULIDFactory } from "ulid";

declare const idKind: unique symbol;
type Id<Kind extends string> = string & { readonly [idKind]: Kind };

export type JobId = Id<"job">;
export type SubmissionId = Id<"submission">;
export type EventId = Id<"event">;
export type DeliveryId = Id<"delivery">;
export type EndpointId = Id<"endpoint">;
export type KeyId = Id<"key">;
export type TenantId = Id<"tenant">;

/** Which kind of id each word makes. */
export type IdOf = {
	job: JobId;
	submission: SubmissionId;
	event: EventId;
	delivery: DeliveryId;
	endpoint: EndpointId;
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
	key: "key",
	tenant: "ten",
};

// Crockford's alphabet without i, l, o and u; the first sign is 0 to 7, since
// 26 signs hold two bits more than an id has.
const ulidPattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

let nextUlid: ULIDFactory | undefined;

/**
 * Makes a new id such as `job_01k0aj5m8gq4w3n7y2e6c9vb1d`. Ids sort by the time
 * they were made, and within one process strictly, even in one millisecond or
 * when the clock steps back. They are names, not secrets: they can be guessed.
 */
export function newId<Kind extends keyof IdOf>(kind: Kind): IdOf[Kind] {
	nextUlid ??= monotonicFactory(() => randomInt(2 ** 32) / 2 ** 32);
	return `${idPrefixes[kind]}_${nextUlid().toLowerCase()}` as IdOf[Kind];
}

/** Tells whether a text has the form of an id of this kind; a row is not asked. */
export function isId<Kind extends keyof IdOf>(
	kind: Kind,
	text: string,
): text is IdOf[Kind] {
	const prefix = `${idPrefixes[kind]}_`;
	return text.startsWith(prefix) && ulidPattern.test(text.slice(prefix.length));
}
