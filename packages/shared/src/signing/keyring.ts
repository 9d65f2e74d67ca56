/**
 * Secret keys under short public names: the first one signs or seals, all of
 * them verify or open, so a key is rotated by putting a new one in front.
 * Only `ids` is enumerable: a keyring that is logged shows no key.
 */
export type Keyring = {
	readonly signing: { readonly id: string; readonly key: Buffer };
	readonly ids: readonly string[];
	find(id: string): Buffer | null;
};

/** The least a callback key may hold: an HMAC key below 128 bits is guessable. */
export const minCallbackKeyBytes = 16;

/** The least a sealing key may hold, since AES-256 promises 256 bits. */
export const minSealingKeyBytes = 32;

const keyIdPattern = /^[A-Za-z0-9_-]{1,16}$/;

/**
 * Reads `id:base64,id2:base64` and throws an Error that says in one sentence
 * what to change. Entries are told by their position and id, never by their
 * text, because the text is the secret.
 */
export function parseKeyring(
	text: string,
	minKeyBytes: number = minCallbackKeyBytes,
): Keyring {
	const keys = new Map<string, Buffer>();
	for (const [index, entry] of text.split(",").entries()) {
		const { id, key } = parseEntry(entry.trim(), index + 1, minKeyBytes);
		if (keys.has(id)) {
			throw new Error(
				`the key id "${id}" is used twice: give each key its own`,
			);
		}
		keys.set(id, key);
	}
	return createKeyring(keys);
}

function parseEntry(entry: string, position: number, minKeyBytes: number) {
	const colon = entry.indexOf(":");
	if (colon < 0) {
		throw new Error(
			`entry ${position} is not of the form id:base64, with entries divided by commas`,
		);
	}
	const id = entry.slice(0, colon);
	if (!keyIdPattern.test(id)) {
		throw new Error(
			`the id of entry ${position} must be 1 to 16 letters, digits, "_" or "-"`,
		);
	}
	const key = decodeKey(entry.slice(colon + 1));
	if (key === null) {
		throw new Error(`the key "${id}" is not base64`);
	}
	if (key.length < minKeyBytes) {
		throw new Error(
			`the key "${id}" has ${key.length} bytes and needs at least ${minKeyBytes}: make one with \`openssl rand -base64 32\``,
		);
	}
	return { id, key };
}

// Node ignores characters that are no base64, which would turn a typing error
// into another, shorter key; so the text must come back as it was given.
function decodeKey(text: string): Buffer | null {
	const standard = text.replaceAll("-", "+").replaceAll("_", "/");
	const key = Buffer.from(standard, "base64");
	const unpadded = standard.replace(/={1,2}$/, "");
	return key.toString("base64").replace(/=+$/, "") === unpadded ? key : null;
}

function createKeyring(keys: ReadonlyMap<string, Buffer>): Keyring {
	const [first] = keys;
	if (first === undefined) throw new Error("a keyring needs at least one key");
	const [id, key] = first;
	return Object.defineProperties({} as Keyring, {
		ids: { value: [...keys.keys()], enumerable: true },
		signing: { value: { id, key } },
		find: { value: (wanted: string) => keys.get(wanted) ?? null },
	});
}
