import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** One range of addresses; it prints as it was written. */
export type Cidr = {
	readonly network: Address;
	readonly prefix: number;
	toJSON(): string;
};

/** The private ranges an operator opened; empty opens none. */
export type CidrList = readonly Cidr[];

// Azure's platform service answers here, inside the range of public addresses.
const platformAddresses = new Set(["168.63.129.16"]);

// Everything that may be routed on the internet lies here. The rest of the
// IPv6 space holds the forms that carry an IPv4 address (::127.0.0.1,
// 64:ff9b::7f00:1) and special ranges such as 100:0:0:1::/64, of which any
// list of ours would be a list too short.
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");

// Names that only mean something inside a network: resolving them would ask
// for a machine of ours, whatever address comes back.
const privateSuffixes = [
	"localhost",
	"local",
	"localdomain",
	"internal",
	"home.arpa",
];

/**
 * Tells whether an address lies on the public internet. Texts that are not one
 * IPv4 or IPv6 address in its usual form are not public.
 */
export function isPublicAddress(ip: string): boolean {
	const address = parseAddress(ip);
	if (address === null || address.range() !== "unicast") return false;
	if (address instanceof ipaddr.IPv6) return address.match(globalUnicast);
	return !platformAddresses.has(address.toString());
}

/** Who an address belongs to: one of IPv4, and of IPv6 the network of 64 bits in which anybody has all addresses. */
export function ownerOfAddress(ip: string): string {
	const [text = ""] = ip.split("%");
	if (!ipaddr.isValid(text)) return text;
	const address = ipaddr.process(text);
	return address instanceof ipaddr.IPv6
		? ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toString()
		: address.toString();
}

/**
 * Tells whether a URL's host may be public: a public literal, or a name that
 * could be in the public DNS. A name's addresses are not known here; the
 * outbound connector checks them at the moment it connects.
 */
export function isPublicHost(hostname: string): boolean {
	const host = canonicalHost(hostname);
	if (host === null) return false;
	if (isIP(host) !== 0) return isPublicAddress(host);
	// A dot at the end escapes suffix rules, here and in TLS certificates.
	if (host.endsWith(".") || !host.includes(".")) return false;
	return !privateSuffixes.some((suffix) => host.endsWith(`.${suffix}`));
}

/**
 * The host as every URL parser of ours sees it: decimal, octal, hexadecimal
 * and short forms become dotted IPv4, brackets go, letters are lower. Null for
 * what is no host.
 */
export function canonicalHost(hostname: string): string | null {
	const text = isIP(hostname) === 6 ? `[${hostname}]` : hostname;
	if (/[/?#@\\\s]/.test(text)) return null;
	const url = parseUrl(`http://${text}`);
	if (url === null || url.port !== "" || url.hostname === "") return null;
	return url.hostname.replace(/^\[|\]$/g, "");
}

/**
 * Reads `10.0.0.0/8, fd00::/8, 127.0.0.1`; a bare address is a range of one.
 * Throws an Error that names the part that is wrong.
 */
export function parseCidrs(text: string): CidrList {
	const parts = text.split(/[\s,]+/).filter((part) => part !== "");
	return parts.map(parseCidr);
}

/** Tells whether an address lies in one of the ranges an operator opened. */
export function isAllowedAddress(ip: string, cidrs: CidrList): boolean {
	const address = parseAddress(ip);
	if (address === null) return false;
	return cidrs.some(
		({ network, prefix }) =>
			network.kind() === address.kind() && address.match([network, prefix]),
	);
}

// ipaddr.js also reads the forms of inet_aton ("127.1") and zones ("fe80::1%2");
// no resolver returns them, so whoever sends one is up to something. It takes
// ::8.8.8.8 for 8.8.8.8 too, which no network does: the URL parser's spelling
// (::808:808) avoids that. `process` then turns ::ffff:10.0.0.1 into 10.0.0.1.
function parseAddress(ip: string): Address | null {
	if (isIP(ip) === 0 || ip.includes("%")) return null;
	const canonical = canonicalHost(ip);
	return canonical === null ? null : ipaddr.process(canonical);
}

function parseCidr(text: string): Cidr {
	const [ip = "", bits, ...rest] = text.split("/");
	const address = parseAddress(ip);
	const widest = address?.kind() === "ipv6" ? 128 : 32;
	const prefix = bits === undefined ? widest : Number(bits);
	const isPrefix = bits === undefined || /^\d{1,3}$/.test(bits);
	if (address === null || !isPrefix || prefix > widest || rest.length > 0) {
		throw new Error(
			`"${text}" is not an address range such as 10.0.0.0/8 or fd00::/8`,
		);
	}
	// A range of everything would switch the guard off by a slip of the pen.
	if (prefix === 0) throw new Error(`"${text}" opens every address there is`);
	const network =
		address.kind() === "ipv6"
			? ipaddr.IPv6.networkAddressFromCIDR(`${address}/${prefix}`)
			: ipaddr.IPv4.networkAddressFromCIDR(`${address}/${prefix}`);
	if (network.toString() !== address.toString()) {
		throw new Error(
			`"${text}" starts inside its range: write ${network}/${bits}`,
		);
	}
	return { network, prefix, toJSON: () => text };
}

function parseUrl(text: string): URL | null {
	return URL.canParse(text) ? new URL(text) : null;
}
