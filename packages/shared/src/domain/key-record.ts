/** An API key as it is stored, without its hash: from this nobody can call anything. */
export type KeyRecord = {
	id: string;
	tenant_id: string;
	name: string;
	/** The first characters of the key. */
	prefix: string;
	scopes: string[];
	/** Whether it opens anything now, by the database's clock. */
	is_valid: boolean;
	created_at: Date;
	/** The id of the key that made it, or the name of a command or a process; null for what is older than this column. */
	created_by: string | null;
	expires_at: Date | null;
	/** To within a minute or so; null when it was never used. */
	last_used_at: Date | null;
	revoked_at: Date | null;
	/** The key that it replaces. */
	rotated_from: string | null;
};

/** What has become of a key. A key that has ended never opens anything again. */
export const keyStates = ["valid", "expired", "revoked"] as const;
export type KeyState = (typeof keyStates)[number];

/** The state that follows from a key's row. */
export function stateOfKey(key: KeyRecord): KeyState {
	if (key.revoked_at !== null) return "revoked";
	return key.is_valid ? "valid" : "expired";
}

/** For how long a rotated key goes on beside the new one, if it is not said, and at most. */
export const defaultKeyOverlapS = 86_400;
export const maxKeyOverlapS = 30 * 86_400;

export const maxKeyNameLength = 100;
