import { createHash } from "node:crypto";
import {
	type ProviderReport,
	readProviderReport,
	readProviderText,
} from "@reelay/shared/domain/provider-answer";
import type { ResultHosts } from "@reelay/shared/domain/result-url";
import { toStorable } from "@reelay/shared/domain/text";
import {
	redactCallbackTokens,
	redactEchoedRequest,
	verifyCallbackToken,
} from "@reelay/shared/signing/capability";
import type { Keyring } from "@reelay/shared/signing/keyring";
import type { ReceivedCallback } from "@reelay/shared/store/settle";

/** What a provider's callbacks need: who is meant, and what is said. A second provider is a second file like this. */
export type CallbackProvider = CallbackReader & {
	/** The submission that the capability in the URL names, or null when it is not one of ours. Reads nothing else. */
	verify(token: string): { submissionId: string } | null;
};

/** The half that needs no secret. */
export type CallbackReader = {
	/** The path segment under /callbacks. */
	name: string;
	/** What the body says, and the body as it may be kept. Never throws, whatever the bytes are. */
	read(body: Buffer, submissionId: string): ReadCallback;
};

export type ReadCallback = {
	report: ProviderReport;
	received: ReceivedCallback;
};

/**
 * SEE2AI signs nothing, so the unguessable token in the URL that we handed out is the only proof of identity. `hosts` are
 * those that results may lead to.
 */
export function see2ai(
	keyring: Keyring,
	hosts: ResultHosts = null,
): CallbackProvider {
	return {
		...see2aiReader(hosts),
		verify: (token) => verifyCallbackToken(token, keyring),
	};
}

/** Reads what SEE2AI calls back with. */
export function see2aiReader(hosts: ResultHosts): CallbackReader {
	return {
		name: "see2ai",
		read(body, submissionId) {
			// The provider echoes our whole request, and with it the URL that holds the token. Secrets go before anything is
			// read, because every text of the report may end in a row that a customer sees.
			const text = redactEchoedRequest(body.toString("utf8"), submissionId);
			const report = readProviderText(text, (value) =>
				readProviderReport(value, hosts),
			);
			return {
				report,
				received: {
					bodySha: createHash("sha256").update(body).digest(),
					body: toStorable(redactCallbackTokens(text)),
					kind: report.kind,
				},
			};
		},
	};
}
