import { types } from "node:util";
import { WebhookVerificationError } from "./webhook-error.ts";

const howToGetIt = [
	'Express: express.raw({ type: "application/json" }) on this route, before any express.json()',
	'Fastify: addContentTypeParser("application/json", { parseAs: "buffer" }, …)',
	"Hono: await c.req.arrayBuffer()",
	"Next and other Web handlers: await request.text()",
	"node:http: Buffer.concat of the chunks",
].join("; ");

/**
 * The bytes of the body as they came in. Refuses everything else with `raw_body_required`, above all what a framework
 * has parsed: written as JSON again it would be other bytes than those that were signed.
 */
export function readRawBody(body: unknown): Buffer {
	if (typeof body === "string") return Buffer.from(body, "utf8");
	// Not `instanceof`: test runners have a Uint8Array of their own.
	if (types.isUint8Array(body)) {
		return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
	}
	if (types.isArrayBuffer(body)) return Buffer.from(body);
	throw new WebhookVerificationError(
		"raw_body_required",
		`The body is ${describe(body)}, and must be the raw one: a string, a Uint8Array or an ArrayBuffer, as it came in. ${howToGetIt}.`,
	);
}

function describe(body: unknown): string {
	if (body === null || body === undefined) {
		return `${body} (was it read by nobody, or before?)`;
	}
	if (typeof body !== "object") return `of the type ${typeof body}`;
	if (Reflect.get(body, "type") === "Buffer") {
		return "the JSON form of a Buffer";
	}
	const prototype = Object.getPrototypeOf(body);
	if (prototype === null || prototype === Object.prototype) {
		return "an object that was parsed already";
	}
	return `an object of the class ${prototype.constructor?.name ?? "?"}`;
}
