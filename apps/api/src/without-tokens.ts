import type { CallbackRecord } from "@reelay/shared/domain/callback-record";
import { redactCallbackTokens } from "@reelay/shared/signing/capability";

/**
 * A callback as it may be shown. Its secrets were removed before it was kept; what a former version has overlooked is
 * removed here, for whoever reads a callback's address could end its submission.
 */
export function withoutTokens(callback: CallbackRecord): CallbackRecord {
	const { body, reason } = callback;
	return {
		...callback,
		body: redactCallbackTokens(body),
		reason: reason === null ? null : redactCallbackTokens(reason),
	};
}
