import { Prisma } from "@reelay/prisma/client";
import type { Database } from "./database.ts";

/** A sealed text, where it lies, and what it is bound to. */
export type SealedText = {
	place: "secret" | "headers";
	id: string;
	/** The id that must be given to open it. */
	context: string;
	sealed: string;
};

/** The texts that are sealed with another key than this one, in the order of their ids, behind the given one. */
export async function listSealedWithOtherKeys(
	db: Database,
	query: { keyId: string; afterId: string; limit: number },
): Promise<SealedText[]> {
	const { keyId, afterId, limit } = query;
	return db.$queryRaw<SealedText[]>`
		select * from (
			select 'secret' as place, id, coalesce(endpoint_id, tenant_id) as context, sealed from webhook_secret
			union all
			select 'headers', id, id, sealed_headers from endpoint where sealed_headers is not null) as texts
		where split_part(sealed, '.', 2) <> ${keyId} and id > ${afterId} order by id limit ${limit}::int`;
}

/** Puts the newly sealed text in the place of the one that was read; false when somebody else changed it meanwhile. */
export async function replaceSealed(
	db: Database,
	text: SealedText,
	sealed: string,
): Promise<boolean> {
	const change =
		text.place === "secret"
			? Prisma.sql`update webhook_secret set sealed = ${sealed} where id = ${text.id} and sealed = ${text.sealed}`
			: Prisma.sql`update endpoint set sealed_headers = ${sealed} where id = ${text.id} and sealed_headers = ${text.sealed}`;
	return (await db.$executeRaw(change)) > 0;
}
