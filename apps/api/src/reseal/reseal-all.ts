import type { Keyring } from "@reelay/shared/signing/keyring";
import { open, SealingError, seal } from "@reelay/shared/signing/sealing";
import type { Database } from "@reelay/shared/store/database";
import {
	listSealedWithOtherKeys,
	replaceSealed,
} from "@reelay/shared/store/sealed";

export type Resealed = {
	/** Now sealed with the first key of the keyring. */
	resealed: number;
	/** What no key of the keyring opens; it is left as it is. */
	unopened: { place: string; id: string }[];
};

const batch = 100;

/**
 * Seals every secret and every endpoint's headers with the first key of the keyring, so that the others may leave it. It
 * may run while everything else does, be stopped anywhere, and run again: what was sealed anew is not looked at twice, and
 * what somebody changed meanwhile has been sealed with the first key by that.
 */
export async function resealAll(
	db: Database,
	keyring: Keyring,
): Promise<Resealed> {
	const result: Resealed = { resealed: 0, unopened: [] };
	const keyId = keyring.signing.id;
	for (let afterId = ""; ; ) {
		const query = { keyId, afterId, limit: batch };
		const texts = await listSealedWithOtherKeys(db, query);
		for (const text of texts) {
			const plain = openOrNull(text.sealed, keyring, text.context);
			if (plain === null) {
				result.unopened.push({ place: text.place, id: text.id });
			} else if (
				await replaceSealed(db, text, seal(plain, keyring, text.context))
			) {
				result.resealed += 1;
			}
		}
		const last = texts.at(-1);
		if (last === undefined) return result;
		afterId = last.id;
	}
}

function openOrNull(
	sealed: string,
	keyring: Keyring,
	context: string,
): string | null {
	try {
		return open(sealed, keyring, context);
	} catch (error) {
		if (error instanceof SealingError) return null;
		throw error;
	}
}
