import { createHash, generateKeyPairSync, sign } from "node:crypto";

function der(tag: number, ...parts: Buffer[]): Buffer {
	const body = Buffer.concat(parts);
	const size = body.length;
	const head = size < 128 ? [tag, size] : [tag, 0x82, size >> 8, size & 255];
	return Buffer.concat([Buffer.from(head), body]);
}

const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));

/**
 * A certificate for one DNS name, signed by its own key and written by hand in DER, so that no test key needs to lie in
 * the repository. It is valid from the first day of one year to the first day of another.
 */
export function createCertificate(dnsName: string, from = "2020", to = "2100") {
	const { publicKey, privateKey } = generateKeyPairSync("ec", {
		namedCurve: "P-256",
	});
	const label = der(0x0c, Buffer.from(`Test ${dnsName}`));
	const name = sequence(der(0x31, sequence(oid("550403"), label)));
	const altNames = sequence(der(0x82, Buffer.from(dnsName)));
	const extension = sequence(oid("551d11"), der(0x04, altNames));
	const year = (text: string) => der(0x18, Buffer.from(`${text}0101000000Z`));
	const serial = createHash("sha256").update(dnsName).digest().subarray(0, 8);
	const body = sequence(
		der(0xa0, der(0x02, Buffer.from([2]))),
		der(0x02, Buffer.from([1, ...serial])),
		ecdsaWithSha256,
		name,
		sequence(year(from), year(to)),
		name,
		publicKey.export({ type: "spki", format: "der" }),
		der(0xa3, sequence(extension)),
	);
	const signature = sign("sha256", body, privateKey);
	const bits = der(0x03, Buffer.from([0]), signature);
	const base64 = sequence(body, ecdsaWithSha256, bits).toString("base64");
	return {
		cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
		key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
	};
}
