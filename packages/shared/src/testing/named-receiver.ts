import type { LookupFunction } from "node:net";
import type { Dispatcher } from "undici";
import { parseCidrs } from "../runtime/address.ts";
import { createFreshConnectionAgent } from "../runtime/http-post.ts";
import { createOutboundAgent } from "../runtime/outbound.ts";
import { createCertificate } from "./certificate.ts";
import { closedAtEnd } from "./raw-server.ts";

const allowCidrs = parseCidrs("127.0.0.1/32");

/** A certificate of the name that `toLoopback` finds on this machine. */
export const certificate = createCertificate("hooks.example");
const ca = certificate.cert;

/** Finds every name on this machine. */
export const toLoopback: LookupFunction = (_host, _options, callback) =>
	callback(null, [{ address: "127.0.0.1", family: 4 }]);

/** An agent as deliveries have it, which knows our names and trusts our certificate. */
export function outboundAgent(lookup = toLoopback, roots = ca): Dispatcher {
	return closedAtEnd(createOutboundAgent({ allowCidrs, lookup, ca: roots }));
}

/** An agent as a paid POST has it, which knows our names and trusts our certificate. */
export function namedFreshAgent(lookup = toLoopback, roots = ca): Dispatcher {
	return closedAtEnd(createFreshConnectionAgent({ lookup, ca: roots }));
}

/** The same address under our name. */
export const named = (url: string) => url.replace("127.0.0.1", "hooks.example");
