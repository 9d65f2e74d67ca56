import {
	type LookupAddress,
	type LookupOptions,
	lookup as systemLookup,
} from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import type { Dispatcher } from "undici";
import {
	type CidrList,
	canonicalHost,
	isAllowedAddress,
	isPublicAddress,
	isPublicHost,
} from "./address.ts";
import { createMeasuredAgent } from "./measured-agent.ts";

const connectTimeoutMs = 5_000;
const maxUrlLength = 2048;

/**
 * The host leads to an address that deliveries may not reach. It will not
 * change by trying again: the delivery ends. The message names the host alone;
 * the address is for our log, as it may describe an inner network.
 */
export class ForbiddenAddressError extends Error {
	override readonly name = "ForbiddenAddressError";
	readonly code = "forbidden_address";
	readonly hostname: string;
	readonly address: string;

	constructor(hostname: string, address: string) {
		super(`${hostname} leads to an address that is not public`);
		this.hostname = hostname;
		this.address = address;
	}
}

/** What the outbound agent needs to know; `ca` replaces the system's roots. */
export type OutboundOptions = {
	allowCidrs: CidrList;
	lookup?: LookupFunction;
	onAllowedPrivate?: (use: { hostname: string; address: string }) => void;
	ca?: string;
};

/**
 * Makes the dispatcher for requests to URLs that customers chose. Addresses
 * are checked inside the connector, on the very list that is connected to, so
 * a name that resolves differently a moment later (rebinding) gains nothing.
 * One forbidden address among several refuses the host.
 */
export function createOutboundAgent(options: OutboundOptions): Dispatcher {
	const guard = createGuard(options);
	return createMeasuredAgent({
		connect: {
			timeout: connectTimeoutMs,
			allowH2: false,
			rejectUnauthorized: true,
			// Node does not check the certificate's name again when a session is
			// resumed; without kept sessions every connection is checked.
			maxCachedSessions: 0,
			lookup: guardLookup(options.lookup ?? systemLookup, guard),
			...(options.ca === undefined ? {} : { ca: options.ca }),
		},
		admit: (target) => {
			const address = literalOf(target.hostname);
			if (address === null) return target;
			// The lookup is not called for literals, so they are judged here.
			return (
				guard(target.hostname, address) ?? { ...target, hostname: address }
			);
		},
	});
}

/**
 * Says in one sentence what to change in a webhook URL, or null when it is
 * fine. It judges the text: a name's addresses are judged at each delivery.
 */
export function checkWebhookUrl(
	url: string,
	allowCidrs: CidrList,
): string | null {
	if (url.length > maxUrlLength) {
		return `The URL has ${url.length} characters; ${maxUrlLength} are allowed.`;
	}
	// The URL parser drops these silently: what is shown must be what is called.
	if (/\s|\p{Cc}/u.test(url) || !URL.canParse(url)) {
		return "This is not a URL: write one like https://example.com/hooks.";
	}
	// Other parsers take it for a part of the user name, and find another host.
	if (url.includes("\\")) return "The URL must not hold a backslash: write /.";
	const parsed = new URL(url);
	if (parsed.protocol !== "https:" && parsed.protocol !== "http:") {
		return "The URL must start with https://.";
	}
	if (parsed.username !== "" || parsed.password !== "") {
		return "The URL must not hold a user name or password: verify the webhook's signature instead.";
	}
	if (url.includes("#")) {
		return "The URL must not hold a fragment (#…): it is never sent.";
	}
	const address = literalOf(parsed.hostname);
	if (address !== null && isAllowedAddress(address, allowCidrs)) return null;
	return checkPublicUrl(parsed);
}

function checkPublicUrl(url: URL): string | null {
	if (!isPublicHost(url.hostname)) {
		return `The host ${url.hostname} is not on the public internet: use a public name, or have the operator open its range in OUTBOUND_ALLOW_CIDRS.`;
	}
	if (url.protocol !== "https:") return "The URL must start with https://.";
	if (url.port !== "") {
		return `The port must be 443, not ${url.port}: leave it out of the URL.`;
	}
	return null;
}

// "localhost" counts as 127.0.0.1 without asking any resolver, whose answer
// (::1 first, or both) differs from machine to machine.
function literalOf(hostname: string): string | null {
	if (hostname.toLowerCase() === "localhost") return "127.0.0.1";
	const host = canonicalHost(hostname);
	return host !== null && isIP(host) !== 0 ? host : null;
}

type Guard = (
	hostname: string,
	address: string,
) => ForbiddenAddressError | null;

function createGuard(options: OutboundOptions): Guard {
	return (hostname, address) => {
		if (isPublicAddress(address)) return null;
		if (!isAllowedAddress(address, options.allowCidrs)) {
			return new ForbiddenAddressError(hostname, address);
		}
		options.onAllowedPrivate?.({ hostname, address });
		return null;
	};
}

function guardLookup(lookup: LookupFunction, guard: Guard): LookupFunction {
	return (hostname, options, callback) => {
		const all: LookupOptions = { ...options, all: true };
		lookup(hostname, all, (error, found, family) => {
			if (error !== null) return callback(error, "", 0);
			const addresses: LookupAddress[] = Array.isArray(found)
				? found
				: [{ address: found, family: family ?? isIP(found) }];
			const refusals = addresses.map(({ address }) => guard(hostname, address));
			const [first] = addresses;
			const refusal = refusals.find((one) => one !== null);
			if (refusal) return callback(refusal, "", 0);
			if (first === undefined) return callback(noAddress(hostname), "", 0);
			// Node asks for the whole list or for one address, as it was set up.
			if (options.all === true) return callback(null, addresses);
			callback(null, first.address, first.family);
		});
	};
}

function noAddress(hostname: string): NodeJS.ErrnoException {
	const error = new Error(`${hostname} has no address`);
	return Object.assign(error, { code: "ENOTFOUND" });
}
