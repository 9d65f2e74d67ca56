import {
	type IdKind,
	idBefore,
	idPattern,
	idPrefixes,
} from "../domain/id-form.ts";

export { idBefore, idPrefixes };

declare const idKind: unique symbol;
type Id<Kind extends string> = string & { readonly [idKind]: Kind };

export type JobId = Id<"job">;
export type BatchId = Id<"batch">;
export type SubmissionId = Id<"submission">;
export type EventId = Id<"event">;
export type DeliveryId = Id<"delivery">;
export type EndpointId = Id<"endpoint">;
export type ReplayId = Id<"replay">;
export type SecretId = Id<"secret">;
export type KeyId = Id<"key">;
export type TenantId = Id<"tenant">;

/**
 * Which kind of id each word names. Ids are made in one place, the database's
 * function `new_id`, by the database's clock.
 */
export type IdOf = {
	job: JobId;
	batch: BatchId;
	submission: SubmissionId;
	event: EventId;
	delivery: DeliveryId;
	endpoint: EndpointId;
	replay: ReplayId;
	secret: SecretId;
	key: KeyId;
	tenant: TenantId;
};

// Made once: an id is checked with every request.
const patterns = Object.fromEntries(
	Object.keys(idPrefixes).map((kind) => [kind, idPattern(kind as IdKind)]),
) as Record<IdKind, RegExp>;

/** Tells whether a text has the form of an id of this kind; a row is not asked. */
export function isId<Kind extends keyof IdOf>(
	kind: Kind,
	text: string,
): text is IdOf[Kind] {
	return patterns[kind].test(text);
}
