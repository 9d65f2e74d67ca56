import type {
	CreateKeyBody,
	PatchKeyBody,
	RotateKeyBody,
} from "@reelay/shared/contracts/key-api";
import type { KeyRecord } from "@reelay/shared/domain/key-record";
import { mayChangeKey, scopesBeyond } from "@reelay/shared/domain/scope";
import {
	apiKeyPrefix,
	createApiKey,
	hashApiKey,
} from "@reelay/shared/signing/api-key";
import { insertAudit } from "@reelay/shared/store/audit-log";
import type { Database } from "@reelay/shared/store/database";
import {
	findKey,
	insertKey,
	newKeyId,
	revokeKey,
	rotateKey,
	updateKey,
} from "@reelay/shared/store/keys";
import { refuse } from "./change-endpoint.ts";
import { noSuch, problemFor } from "./problem.ts";

export type KeyDeps = { db: Database };

/** Whoever asks for a change: the id of a key, or the name of a command, and what it may do. */
export type Actor = { id: string; scopes: readonly string[] };

/** Which key of which tenant, and who asks. */
export type KeyChange = { tenantId: string; id: string; actor: Actor };

/** A key's row, and the key itself, which nobody sees again. */
export type CreatedKey = { record: KeyRecord; key: string };

// An offset can carry a time past the last year that has four digits.
const endOfTime = new Date("9999-01-01T00:00:00Z");

/** Makes a key, with scopes that the actor has. */
export async function createKey(
	{ db }: KeyDeps,
	{ tenantId, actor }: Pick<KeyChange, "tenantId" | "actor">,
	body: CreateKeyBody,
): Promise<CreatedKey> {
	const expiresAt = parseExpiry(body.expires_at);
	refuseScopesBeyond(body.scopes, actor);
	const id = await newKeyId(db);
	await insertAudit(db, {
		tenantId,
		actor: actor.id,
		action: "key.create",
		target: id,
		data: body,
	});
	const { key, ...made } = makeKey();
	const record = await insertKey(db, {
		id,
		tenantId,
		name: body.name,
		scopes: body.scopes,
		expiresAt,
		createdBy: actor.id,
		...made,
	});
	return { record, key };
}

/** Changes what the body names. A key that has ended stays so. */
export async function patchKey(
	{ db }: KeyDeps,
	change: KeyChange,
	body: PatchKeyBody,
): Promise<KeyRecord> {
	const { tenantId, id, actor } = change;
	const expiresAt =
		body.expires_at === undefined ? undefined : parseExpiry(body.expires_at);
	await getChangeable(db, change);
	await insertAudit(db, {
		tenantId,
		actor: actor.id,
		action: "key.update",
		target: id,
		data: body,
	});
	const patch = { name: body.name, expiresAt };
	const changed = await updateKey(db, { tenantId, id }, patch);
	if (changed === null) throw hasEnded();
	return changed;
}

/** Ends a key; one that was revoked before is left as it is, and that is no mistake. */
export async function endKey(
	{ db }: KeyDeps,
	change: KeyChange,
): Promise<void> {
	const { tenantId, id, actor } = change;
	const before = await getChangeable(db, change);
	if (before.revoked_at !== null) return;
	await insertAudit(db, {
		tenantId,
		actor: actor.id,
		action: "key.revoke",
		target: id,
		data: { name: before.name, prefix: before.prefix },
	});
	if (await revokeKey(db, { tenantId, id })) return;
	const after = await findKey(db, tenantId, id);
	if (after?.revoked_at != null) return;
	throw problemFor("last_admin_key", {
		detail:
			"It is the tenant's only valid key with the scope admin: make another one first, or rotate this one with an overlap_s of 0.",
	});
}

/** Makes a key like a former one, which then runs out. The actor needs all of its scopes, for it sees the new key. */
export async function replaceKey(
	{ db }: KeyDeps,
	change: KeyChange,
	body: RotateKeyBody,
): Promise<CreatedKey> {
	const { tenantId, id, actor } = change;
	const expiresAt = parseExpiry(body.expires_at);
	const former = await getChangeable(db, change);
	refuseScopesBeyond(former.scopes, actor);
	const nextId = await newKeyId(db);
	await insertAudit(db, {
		tenantId,
		actor: actor.id,
		action: "key.rotate",
		target: id,
		data: { ...body, new_key: nextId },
	});
	const { key, ...made } = makeKey();
	const record = await rotateKey(
		db,
		{ tenantId, id, overlapS: body.overlap_s },
		{ id: nextId, expiresAt, createdBy: actor.id, ...made },
	);
	if (record === null) throw hasEnded();
	return { record, key };
}

/** The key, if it is the tenant's and the actor may change it. */
async function getChangeable(
	db: Database,
	{ tenantId, id, actor }: KeyChange,
): Promise<KeyRecord> {
	const key = await findKey(db, tenantId, id);
	if (key === null) throw noSuch("key");
	if (mayChangeKey(key.scopes, actor.scopes)) return key;
	throw problemFor("forbidden", {
		detail: "This API key lacks the scope operator, which that key has.",
	});
}

function refuseScopesBeyond(wanted: readonly string[], actor: Actor): void {
	const beyond = scopesBeyond(wanted, actor.scopes);
	if (beyond.length === 0) return;
	throw problemFor("forbidden", {
		detail: `This API key cannot give what it does not have: ${beyond.join(", ")}.`,
	});
}

function makeKey() {
	const key = createApiKey();
	return { key, prefix: apiKeyPrefix(key), hash: hashApiKey(key) };
}

function parseExpiry(text: string | null): Date | null {
	if (text === null) return null;
	const expiresAt = new Date(text);
	const isLater = expiresAt > new Date() && expiresAt < endOfTime;
	if (isLater) return expiresAt;
	const message = "It must be in the future; to end a key now, revoke it.";
	refuse([{ pointer: "/expires_at", code: "invalid_value", message }]);
	return expiresAt;
}

function hasEnded() {
	return problemFor("key_ended", {
		detail: "The key has expired or was revoked; make another one.",
	});
}
