import { createSigningKeyPair } from "@reelay/shared/signing/ed25519";
import { describe, expect, it } from "vitest";
import {
	event,
	refusalOf,
	secret,
	sentAt,
	signedWebhook,
} from "./testing/signed-webhook.ts";
import { verifyWebhook } from "./verify-webhook.ts";

const refuse = (change: object) =>
	refusalOf(verifyWebhook, { ...signedWebhook(), ...change });
const withHeader = (name: string, value: unknown) => ({
	headers: { ...signedWebhook().headers, [name]: value },
});
const signature = signedWebhook().headers["webhook-signature"];
const base64 = (bytes: number) => Buffer.alloc(bytes, 1).toString("base64");

describe("raw_body_required", () => {
	it.each([
		["a parsed object", event, /parsed already/],
		["an empty object", {}, /parsed already/],
		["a null prototype", Object.create(null), /parsed already/],
		["a parsed list", [event], /class Array/],
		["undefined", undefined, /undefined/],
		["null", null, /null/],
		["a Buffer's JSON form", Buffer.from("{}").toJSON(), /form of a Buffer/],
		["a number", 7, /type number/],
		["a stream", new ReadableStream(), /class ReadableStream/],
		["other numbers than bytes", new Uint16Array(2), /class Uint16Array/],
	])("refuses %s and says how to get the raw one", (_name, body, what) => {
		const refusal = refuse({ body });

		expect(refusal?.code).toBe("raw_body_required");
		expect(refusal?.message).toMatch(what);
		for (const name of ["Express", "Fastify", "Hono", "Next", "node:http"]) {
			expect(refusal?.message).toContain(name);
		}
	});
});

describe("missing_header", () => {
	const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];

	it.each(names)("names %s when it is not there or empty", (name) => {
		const record = { ...signedWebhook().headers } as Record<string, string>;
		delete record[name];
		const absent = [record, new Headers(record), { ...record, [name]: "" }];

		for (const headers of absent) {
			const refusal = refuse({ headers });

			expect(refusal?.code).toBe("missing_header");
			expect(refusal?.message).toContain(name);
		}
	});

	it.each([undefined, null, "webhook-id: evt_1", []])(
		"is what %o in place of headers gives",
		(headers) => {
			expect(refuse({ headers })?.code).toBe("missing_header");
		},
	);
});

describe("a header that is there twice", () => {
	const codes = {
		"webhook-id": "bad_id",
		"webhook-timestamp": "bad_timestamp",
		"webhook-signature": "malformed_signature",
	} as const;

	it.each(Object.entries(codes))("%s is %s", (name, code) => {
		const { headers } = signedWebhook();
		const value = headers[name as keyof typeof codes];
		const joined = new Headers(headers);
		joined.append(name, value);
		const doubled = [
			{ ...headers, [name]: [value] },
			{ ...headers, [name]: [value, value] },
			{ ...headers, [name.toUpperCase()]: value },
			{ ...headers, [name]: `${value}, ${value}` },
			joined,
		];

		for (const twice of doubled) {
			expect(refuse({ headers: twice })?.code).toBe(code);
		}
	});
});

describe("bad_id", () => {
	it.each(["evt.1", ".", "evt 1", "evt_1\n", "evt,1", "evt_ß", "\u007f"])(
		"refuses %j",
		(id) => {
			expect(refuse(withHeader("webhook-id", id))?.code).toBe("bad_id");
		},
	);

	it("refuses a dot that moves a piece of the id into the timestamp's place", () => {
		// Both are `a.1700000000.1700000000.{}` in what is signed.
		const webhook = signedWebhook({ id: "a", body: `${sentAt}.{}` });
		const headers = { ...webhook.headers, "webhook-id": `a.${sentAt}` };

		const refusal = refuse({ headers, body: "{}" });

		expect(refusal?.code).toBe("bad_id");
	});
});

describe("bad_timestamp", () => {
	it.each([
		"1e9",
		" 1700000000",
		"1700000000 ",
		" 12",
		"1700000000.0",
		"+1700000000",
		"-1700000000",
		"01700000000",
		"0x6553f100",
		"１７００００００００",
		"1700000000\n",
		"NaN",
		"9".repeat(400),
	])("refuses %j", (timestamp) => {
		const refusal = refuse(withHeader("webhook-timestamp", timestamp));

		expect(refusal?.code).toBe("bad_timestamp");
	});
});

describe("malformed_signature", () => {
	// The next letter stands for the same bytes, and for bits that nobody reads.
	const alphabet =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const next = alphabet[alphabet.indexOf(signature.at(-2) ?? "") + 1];
	const leftOver = `${signature.slice(0, -2)}${next}=`;

	it.each([
		["no version", signature.slice(3)],
		["a version alone", "v1"],
		["an empty signature", "v1,"],
		["a second comma", `${signature},`],
		["no padding", signature.replace("=", "")],
		["the other alphabet", `v1,${"-_".repeat(21)}A=`],
		["left-over bits that are not zero", leftOver],
		["31 bytes", `v1,${base64(31)}`],
		["an ed25519 signature of 63 bytes", `v1a,${base64(63)}`],
		["two spaces", `${signature}  ${signature}`],
		["a space behind", `${signature} `],
		["a tab", `${signature}\t${signature}`],
		["one broken beside a good one", `${signature} v1,x`],
		["unknown versions only", "v2,abc"],
		["17 signatures", Array(17).fill(signature).join(" ")],
	])("refuses %s", (_name, header) => {
		const refusal = refuse(withHeader("webhook-signature", header));

		expect(refusal?.code).toBe("malformed_signature");
	});

	it("is not what sixteen signatures are", () => {
		const header = Array(16).fill(signature).join(" ");

		expect(refuse(withHeader("webhook-signature", header))).toBeNull();
	});
});

describe("no_match", () => {
	it("refuses another id and another timestamp than those that were signed", () => {
		const changed = [
			withHeader("webhook-id", "evt_2"),
			withHeader("webhook-timestamp", "1700000001"),
			withHeader("webhook-signature", `v1,${base64(32)}`),
		];

		for (const change of changed) expect(refuse(change)?.code).toBe("no_match");
	});

	it("tells of the body that was written as JSON again", () => {
		const webhook = signedWebhook({ body: JSON.stringify(event, null, 1) });
		const body = JSON.stringify(JSON.parse(String(webhook.body)));

		const refusal = refusalOf(verifyWebhook, { ...webhook, body });

		expect(refusal?.code).toBe("no_match");
		expect(refusal?.message).toMatch(/secret is another/);
		expect(refusal?.message).toMatch(/written as JSON again/);
	});

	it("tells of a secret of the other kind", () => {
		const refusal = refuse({ secret: createSigningKeyPair().public });

		expect(refusal?.code).toBe("no_match");
		expect(refusal?.message).toMatch(/whsec_ secret verifies v1/);
	});
});

describe("bad_secret", () => {
	const pair = createSigningKeyPair();

	it.each([
		["nothing", undefined, /environment/],
		["null", null, /is null/],
		["an empty text", "", /environment/],
		["an empty list", [], /list of secrets is empty/],
		["no prefix", secret.slice(6), /neither/],
		["another prefix", `sk_${secret}`, /neither/],
		["a signing key", pair.secret, /whpk_ key that belongs/],
		["a line break behind", `${secret}\n`, /line break/],
		["23 bytes", `whsec_${base64(23)}`, /24 to 64/],
		["65 bytes", `whsec_${base64(65)}`, /24 to 64/],
		["no padding", secret.replace("=", ""), /24 to 64/],
		["no base64", "whsec_???", /24 to 64/],
		["a short public key", `whpk_${base64(31)}`, /32 bytes/],
		["a public key in hex", `whpk_${"ab".repeat(32)}`, /32 bytes/],
		["a broken second one", [secret, "whsec_"], /Secret 2/],
		["bytes", Buffer.alloc(32), /object/],
	])("refuses %s and says what is wrong with it", (_name, given, what) => {
		const refusal = refuse({ secret: given });

		expect(refusal?.code).toBe("bad_secret");
		expect(refusal?.message).toMatch(what);
		expect(refusal?.message).not.toContain(secret.slice(6, 20));
	});
});

describe("a signed body that is no event", () => {
	it.each([
		["nothing", ""],
		["text", "hello"],
		["half an object", '{"type":'],
		["bytes that are no UTF-8", Buffer.from([0x22, 0xff, 0x22])],
		["a byte order mark", "\ufeff{}"],
	])("is body_not_json when it is %s", (_name, body) => {
		const refusal = refusalOf(verifyWebhook, signedWebhook({ body }));

		expect(refusal?.code).toBe("body_not_json");
	});

	it.each([
		null,
		7,
		[event],
		{},
		{ ...event, type: 1 },
		{ ...event, timestamp: undefined },
		{ ...event, data: undefined },
		{ ...event, data: null },
		{ ...event, data: [] },
	])("is not_an_event when it is %j", (value) => {
		const body = JSON.stringify(value);

		const refusal = refusalOf(verifyWebhook, signedWebhook({ body }));

		expect(refusal?.code).toBe("not_an_event");
	});
});
