import { z } from "zod";
import {
	defaultKeyOverlapS,
	maxKeyNameLength,
	maxKeyOverlapS,
} from "../domain/key-record.ts";
import { allScopes, type Scope } from "../domain/scope.ts";
import { cursor, limitOf } from "./page.ts";

const name = z.string().min(1).max(maxKeyNameLength).meta({
	description: "For whoever reads the list of keys: what it is used for.",
});
const expiresAt = z.iso.datetime({ offset: true }).nullable().meta({
	description: "Opens nothing from then on; null is never.",
});

/** A list of scopes, each once, in the order in which documents show them. */
export const scopesSchema = z
	.array(z.enum(allScopes as [Scope, ...Scope[]]))
	.min(1)
	.max(20)
	.transform((given) => allScopes.filter((scope) => given.includes(scope)))
	.meta({
		description:
			"What it may do; nobody can give a scope that they do not have themselves.",
	});

/** The body of `POST /v1/keys` and of `POST /v1/tenants/{id}/keys`. */
export const createKeySchema = z
	.strictObject({
		name,
		scopes: scopesSchema,
		expires_at: expiresAt.default(null),
	})
	.meta({ id: "CreateKey" });
export type CreateKeyBody = z.output<typeof createKeySchema>;

/** The body of `PATCH /v1/keys/{id}`: what it names is changed, and nothing else. */
export const patchKeySchema = z
	.strictObject({ name: name.optional(), expires_at: expiresAt.optional() })
	.meta({ id: "PatchKey" });
export type PatchKeyBody = z.output<typeof patchKeySchema>;

/** The body of `POST /v1/keys/{id}/rotate`, which may be left out. */
export const rotateKeySchema = z
	.strictObject({
		overlap_s: z
			.int()
			.min(0)
			.max(maxKeyOverlapS)
			.default(defaultKeyOverlapS)
			.meta({ description: "For how long the former key goes on beside it." }),
		expires_at: expiresAt.default(null).meta({
			description: "Of the new key; null is never.",
		}),
	})
	.meta({ id: "RotateKey" });
export type RotateKeyBody = z.output<typeof rotateKeySchema>;

/** The query of `GET /v1/keys`. */
export const listKeysSchema = z.strictObject({
	limit: limitOf(100, 20),
	cursor,
});

const auditWord = z
	.string()
	.regex(/^[\x21-\x7e]{1,255}$/, "is 1 to 255 printable ASCII characters")
	.optional();
const auditInstant = z.iso.datetime({ offset: true }).optional();

/** The query of `GET /v1/audit`. */
export const listAuditSchema = z.strictObject({
	action: auditWord.meta({ description: "Only this, such as key.create." }),
	target: auditWord.meta({
		description: "Only what was done to this: the id of a key, a job, …",
	}),
	actor: auditWord.meta({
		description: "Only what this one did: the id of a key, or command.",
	}),
	since: auditInstant.meta({ description: "At this instant or later." }),
	until: auditInstant.meta({ description: "Before this instant." }),
	limit: limitOf(200, 50),
	cursor,
});
