import type { Logger } from "@reelay/shared/runtime/logger";
import type { Keyring } from "@reelay/shared/signing/keyring";
import { open, SealingError } from "@reelay/shared/signing/sealing";

/**
 * Opens an endpoint's own headers. What no key of ours opens is left out and told in the log: a receiver that misses its
 * header refuses the event with a reason that its owner can see, and a later attempt may have the key again.
 */
export function createHeaderOpener(keyring: Keyring, logger: Logger) {
	return (
		sealed: string | null,
		endpointId: string | null,
	): Record<string, string> => {
		if (sealed === null || endpointId === null) return {};
		try {
			const headers: Record<string, string> = JSON.parse(
				open(sealed, keyring, endpointId),
			);
			// In lower case, so that ours take their place and do not stand beside them.
			return Object.fromEntries(
				Object.entries(headers).map(([name, value]) => [
					name.toLowerCase(),
					value,
				]),
			);
		} catch (error) {
			if (!(error instanceof SealingError)) throw error;
			logger.error(
				{ endpoint_id: endpointId, err: error },
				"delivery.headersSealed",
			);
			return {};
		}
	};
}
