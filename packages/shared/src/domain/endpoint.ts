import { suggest } from "./suggest.ts";
import { joinPointer, type Violation } from "./violation.ts";

/** How many attempts an endpoint has under way at once when it does not say. */
export const defaultConcurrency = 3;

/** How many endpoints a tenant may have, and how many secrets of one may be valid at once. */
export const maxEndpoints = 50;
export const maxValidSecrets = 3;

/** For how long a former secret signs beside the new one, in seconds: a day, or what the caller says, up to a week. */
export const defaultOverlapS = 24 * 3600;
export const maxOverlapS = 7 * 24 * 3600;

/** So many failed attempts in a row open an endpoint's breaker: one probe at a time, and the rest waits. */
export const breakerStreak = 10;

/** The wait before the first probe of an open breaker, in seconds, and the longest; it doubles with each that fails. */
export const probeBaseS = 10;
export const probeMaxS = 300;

/** An endpoint of which every attempt fails is warned of after a day, and disabled after five, if they were of so many events. */
export const warnAfterS = 24 * 3600;
export const disableAfterS = 5 * 24 * 3600;
export const disableMinDeliveries = 20;

/** Why an endpoint gets nothing, and what its owner can do about it. */
export const disabledReasons = {
	by_request: {
		reason: "Somebody with a key of this tenant disabled it.",
		fix: "Enable it again with PATCH and disabled: false.",
	},
	gone: {
		reason: "It answered 410 Gone.",
		fix: "Let the URL answer 2xx, or change it, and enable it again.",
	},
	asked: {
		reason: "It answered with the header webhook-delivery: disable.",
		fix: "Leave that header out, and enable it again.",
	},
	failing: {
		reason: "Every attempt of five days has failed.",
		fix: "See its attempts for the reason of each, mend it, send it a ping, and enable it again.",
	},
} as const;
export type DisabledReason = keyof typeof disabledReasons;

/** How many headers of their own a customer may have sent, and how long each value may be. */
export const maxHeaders = 20;
export const maxHeaderLength = 2_048;

// They frame the request or belong to one connection, and are ours to say.
const reservedHeaders = new Set([
	...["host", "connection", "keep-alive", "te", "trailer", "upgrade"],
	...["transfer-encoding", "expect", "user-agent", "date", "via"],
]);
const reservedPrefixes = ["content-", "webhook-", "proxy-", "sec-", "accept-"];

/** What is wrong with a customer's own headers, each with its place under `pointer`. */
export function checkHeaders(
	headers: Readonly<Record<string, string>>,
	pointer: string,
): Violation[] {
	return Object.entries(headers).flatMap(([name, value]) => {
		const message = checkHeader(name, value);
		const at = joinPointer(pointer, name);
		return message === null
			? []
			: [{ pointer: at, code: "invalid_header", message }];
	});
}

function checkHeader(name: string, value: string): string | null {
	if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name)) {
		return "A header's name is 1 to 64 letters, digits and hyphens.";
	}
	const lower = name.toLowerCase();
	if (
		reservedHeaders.has(lower) ||
		reservedPrefixes.some((prefix) => lower.startsWith(prefix))
	) {
		return `The header ${lower} is set by the sender itself; choose another name.`;
	}
	if (!/^[\x20-\x7e]*$/.test(value) || value.trim() !== value) {
		return "A header's value is printable ASCII, without spaces at its ends.";
	}
	return null;
}

/** The nearest type or filter to what somebody wrote, or null. */
export function suggestFilter(
	filter: string,
	types: readonly string[],
): string | null {
	return suggest(filter, [...types, "video.*"]);
}
