import { allScopes, type Scope } from "@reelay/shared/domain/scope";
import type { ProblemError } from "@reelay/shared/runtime/problem-details";
import { hashApiKey } from "@reelay/shared/signing/api-key";
import type { Database } from "@reelay/shared/store/database";
import { type ApiKeyOwner, findApiKeyOwner } from "@reelay/shared/store/keys";
import type { Request, RequestHandler, Response } from "express";
import { LRUCache } from "lru-cache";
import { problemFor } from "../problem.ts";

export { allScopes, type Scope };

// A revoked key works for at most this long after its revocation; in exchange a request costs no read for its key.
const rememberMs = 5_000;
const maxKeyLength = 512;

export type AuthenticateDeps = {
	db: Database;
	/** Hears of the key of each request that passes; whoever listens keeps nobody waiting. */
	keyUse: { touch(keyId: string): void };
	/** Says what whoever has no valid key is answered. */
	strangers: {
		refuse(req: Request, res: Response, detail: string): ProblemError;
	};
};

/**
 * Lets a request with a valid `Authorization: Bearer` key pass and puts its owner in `res.locals.owner`. Keys are
 * remembered by hash; unknown ones are not, so that a new key works at once.
 */
export function authenticate(
	{ db, keyUse, strangers }: AuthenticateDeps,
	clock: { now(): number } = performance,
): RequestHandler {
	const known = new LRUCache<string, ApiKeyOwner>({
		max: 10_000,
		ttl: rememberMs,
		perf: clock,
	});
	async function find(id: string, hash: Buffer): Promise<ApiKeyOwner | null> {
		const owner = await findApiKeyOwner(db, hash);
		// Only here, because setting it again would begin its time anew: a busy key would then outlive its revocation.
		if (owner !== null) known.set(id, owner);
		return owner;
	}
	return async (req, res, next) => {
		const key = bearerKey(req);
		if (key === null) throw strangers.refuse(req, res, howToSend);
		const hash = hashApiKey(key);
		const id = hash.toString("base64");
		const owner = known.get(id) ?? (await find(id, hash));
		if (owner === null) throw strangers.refuse(req, res, notValid);
		res.locals.owner = owner;
		keyUse.touch(owner.keyId);
		next();
	};
}

const howToSend = "Send your key as `Authorization: Bearer <key>`.";
const notValid = "This API key is not valid.";

/** Refuses a key that lacks the scope. */
export function requireScope(scope: Scope): RequestHandler {
	return (_req, res, next) => {
		if (!ownerOf(res).scopes.includes(scope)) {
			throw problemFor("forbidden", {
				detail: `This API key lacks the scope ${scope}.`,
			});
		}
		next();
	};
}

/** Who the request speaks for; set by `authenticate`, without which no route of /v1 runs. */
export function ownerOf(res: Response): ApiKeyOwner {
	return res.locals.owner as ApiKeyOwner;
}

function bearerKey(req: Request): string | null {
	const header = req.headers.authorization ?? "";
	const [, key] = /^Bearer +(\S+) *$/i.exec(header) ?? [];
	return key === undefined || key.length > maxKeyLength ? null : key;
}
