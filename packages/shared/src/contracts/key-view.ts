import { z } from "zod";
import { type KeyRecord, keyStates, stateOfKey } from "../domain/key-record.ts";
import { idSchema, instant } from "./ids.ts";

/** An API key, without the key itself. */
export const keySchema = z
	.strictObject({
		id: idSchema("key"),
		name: z.string(),
		prefix: z.string().meta({
			description: "The first characters of the key, to tell it by.",
		}),
		scopes: z.array(z.string()),
		state: z.enum(keyStates),
		created_at: instant,
		created_by: z.string().nullable().meta({
			description:
				"The id of the key that made it, or command or bootstrap; null when nobody knows any more.",
		}),
		expires_at: instant.nullable().meta({
			description: "Opens nothing from then on; null is never.",
		}),
		last_used_at: instant.nullable().meta({
			description: "To within a minute or so; null when it was never used.",
		}),
		revoked_at: instant.nullable(),
		rotated_from: idSchema("key").nullable().meta({
			description: "The key that it replaces.",
		}),
		links: z.strictObject({ self: z.string(), rotate: z.string() }),
	})
	.meta({ id: "Key" });
export type KeyView = z.infer<typeof keySchema>;

/** A key as only the answer that made it shows it. */
export const createdKeySchema = keySchema
	.extend({
		key: z.string().meta({
			description: "The key itself. It is shown this once, and kept nowhere.",
		}),
	})
	.meta({ id: "CreatedKey" });

/** Who a request speaks for. */
export const meSchema = z
	.strictObject({
		key: keySchema,
		tenant: z.strictObject({
			id: idSchema("tenant"),
			name: z.string(),
			disabled_at: instant.nullable().meta({
				description: "Since when its keys may only read; null is not at all.",
			}),
		}),
	})
	.meta({ id: "Me" });

/** A key as the API and the command show it. */
export function presentKey(key: KeyRecord): KeyView {
	const self = `/v1/keys/${key.id}`;
	return {
		id: key.id,
		name: key.name,
		prefix: key.prefix,
		scopes: key.scopes,
		state: stateOfKey(key),
		created_at: key.created_at.toISOString(),
		created_by: key.created_by,
		expires_at: key.expires_at?.toISOString() ?? null,
		last_used_at: key.last_used_at?.toISOString() ?? null,
		revoked_at: key.revoked_at?.toISOString() ?? null,
		rotated_from: key.rotated_from,
		links: { self, rotate: `${self}/rotate` },
	};
}
