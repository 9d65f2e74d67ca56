import net, { type LookupFunction } from "node:net";
import tls from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import type { AttemptPhase } from "../domain/attempt-phase.ts";
import {
	classifyFailure,
	type FailureClass,
} from "../domain/delivery-failure.ts";
import { createCertificate } from "../testing/certificate.ts";
import { floods } from "../testing/hostile-receivers.ts";
import {
	answer,
	closeAll,
	closedAtEnd,
	portOf,
	post,
	rawServer,
} from "../testing/raw-server.ts";
import { parseCidrs } from "./address.ts";
import { createOutboundAgent } from "./outbound.ts";

afterEach(closeAll);

const toLoopback: LookupFunction = (_host, _options, callback) =>
	callback(null, [{ address: "127.0.0.1", family: 4 }]);

const host = "hooks.example";
const good = createCertificate(host);
const expired = createCertificate(host, "2000", "2001");
const notYet = createCertificate(host, "2098", "2099");
const foreign = createCertificate("other.example");
const selfSigned = createCertificate(host);
const trusted = [good, expired, notYet, foreign].map(({ cert }) => cert);

function speakTls(options: tls.TlsOptions): net.Server {
	const server = tls.createServer(options, (socket) => {
		socket.on("error", () => {});
		socket.on("data", () => socket.write(answer("ok")));
	});
	return server.on("tlsClientError", () => {});
}

/** Listens without TLS, and does this once something has come. */
const onHello = (act: (socket: net.Socket) => void) => () =>
	net.createServer((socket) => socket.once("data", () => act(socket)));

type Case = [
	name: string,
	start: () => net.Server,
	failure: FailureClass,
	phase: AttemptPhase,
];

const cases: Case[] = [
	[
		"shows what nobody vouches for",
		() => speakTls(selfSigned),
		"tls_untrusted",
		"tls",
	],
	[
		"shows an expired certificate",
		() => speakTls(expired),
		"tls_certificate_expired",
		"tls",
	],
	[
		"shows a certificate of the future",
		() => speakTls(notYet),
		"tls_certificate_expired",
		"tls",
	],
	[
		"shows the certificate of another name",
		() => speakTls(foreign),
		"tls_name_mismatch",
		"tls",
	],
	["has no certificate", () => speakTls({}), "tls_failed", "tls"],
	[
		"speaks plain HTTP",
		onHello((socket) => socket.end(answer("ok"))),
		"tls_failed",
		"tls",
	],
	[
		"sends garbage",
		onHello((socket) => socket.end("\x16\x03\x03garbage")),
		"tls_failed",
		"tls",
	],
	[
		"closes in the handshake",
		onHello((socket) => socket.end()),
		"tls_failed",
		"tls",
	],
	[
		"resets in the handshake",
		onHello((socket) => socket.resetAndDestroy()),
		"tls_failed",
		"tls",
	],
	[
		"never ends the handshake",
		() => net.createServer(() => {}),
		"tls_timeout",
		"tls",
	],
];

describe("a receiver behind https", () => {
	function agentThatTrusts(ca: string) {
		return closedAtEnd(
			createOutboundAgent({
				allowCidrs: parseCidrs("127.0.0.1/32"),
				lookup: toLoopback,
				ca,
			}),
		);
	}

	it.each(cases)(
		"%s, and is sent nothing",
		async (_name, start, failure, phase) => {
			const healthy = await portOf(speakTls(good));
			const hostile = await portOf(start());
			const dispatcher = agentThatTrusts(trusted.join(""));

			const [result, beside] = await Promise.all([
				post(`https://${host}:${hostile}/`, { dispatcher, timeoutMs: 1_000 }),
				post(`https://${host}:${healthy}/`, { dispatcher }),
			]);

			expect(result).toMatchObject({ kind: "unsent", phase });
			const code = "code" in result ? result.code : null;
			expect(classifyFailure({ status: null, code, phase })).toBe(failure);
			expect(beside).toMatchObject({ kind: "answered", text: "ok" });
		},
	);

	it("floods within TLS, and is hung up on", async () => {
		const { cert, key } = good;
		const flooder = tls.createServer({ cert, key }, (socket) => {
			socket.on("error", () => {});
			socket.once("data", () =>
				floods["floods with a chunk extension"](socket),
			);
		});
		const port = await portOf(flooder);
		const dispatcher = agentThatTrusts(cert);

		const result = await post(`https://${host}:${port}/`, { dispatcher });

		expect(result).toMatchObject({
			kind: "lost",
			code: "flood",
			phase: "read",
		});
	});

	it("speaks TLS where it is called by http", async () => {
		const port = await portOf(speakTls(good));
		const dispatcher = agentThatTrusts(good.cert);

		const result = await post(`http://${host}:${port}/`, { dispatcher });

		const code = "code" in result ? result.code : null;
		const { phase } = result;
		expect(result.kind).toBe("lost");
		expect(classifyFailure({ status: null, code, phase })).toMatch(
			/^(protocol_error|reset)$/,
		);
	});
});

describe("a receiver that cannot be reached", () => {
	it.each<[string, FailureClass, AttemptPhase]>([
		["ENOTFOUND", "dns_not_found", "dns"],
		["EAI_AGAIN", "dns_failed", "dns"],
	])("has a name whose lookup ends with %s", async (code, failure, phase) => {
		const lookup: LookupFunction = (_host, _options, callback) =>
			callback(Object.assign(new Error(code), { code }), []);
		const { url } = await rawServer((socket) => socket.end(answer("ok")));
		const dispatcher = closedAtEnd(
			createOutboundAgent({ allowCidrs: parseCidrs("127.0.0.1/32"), lookup }),
		);

		const [result, beside] = await Promise.all([
			post(`https://${host}/`, { dispatcher }),
			post(url, { dispatcher }),
		]);

		expect(result).toMatchObject({ kind: "unsent", code, phase });
		expect(classifyFailure({ status: null, code, phase })).toBe(failure);
		expect(beside).toMatchObject({ kind: "answered", text: "ok" });
	});
});
