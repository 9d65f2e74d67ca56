import { describe, expect, it } from "vitest";
import { signCallbackToken } from "../signing/capability.ts";
import { parseKeyring } from "../signing/keyring.ts";
import { createLogger } from "./logger.ts";

const keyring = parseKeyring(`k1:${Buffer.alloc(32, 1).toString("base64")}`);
const token = signCallbackToken("sub_01k0aj5m8gq4w3n7y2e6c9vb1d", keyring);
const mac = token.split(".")[2] ?? "";
const url = `/callbacks/see2ai/${token}`;

function aLogger(level = "trace") {
	const lines: string[] = [];
	const destination = { write: (line: string) => lines.push(line) };
	return { lines, logger: createLogger({ name: "test", level, destination }) };
}

describe("createLogger", () => {
	it("writes a line of JSON with an ISO time, a name and a level", () => {
		const { logger, lines } = aLogger();

		logger.info({ job_id: "job_1" }, "job.accepted");

		expect(lines).toHaveLength(1);
		const line = JSON.parse(lines[0] ?? "");
		expect(line).toMatchObject({
			level: "info",
			name: "test",
			job_id: "job_1",
			msg: "job.accepted",
		});
		expect(new Date(line.time).toISOString()).toBe(line.time);
	});

	it("writes nothing below its level", () => {
		const { logger, lines } = aLogger("warn");

		logger.info("quiet");

		expect(lines).toEqual([]);
	});

	const error = Object.assign(new Error(`POST ${url} failed`), {
		config: { url },
	});
	it.each<[string, (logger: ReturnType<typeof createLogger>) => void]>([
		["a message", (log) => log.info(`got ${url}`)],
		["a message's parts", (log) => log.info("got %s", url)],
		["a message's object", (log) => log.info("got %o", { url })],
		["req.url", (log) => log.info({ req: { url } }, "request")],
		["a field's name", (log) => log.info({ [url]: 1 }, "odd")],
		["a nested field", (log) => log.info({ a: [{ b: { url } }] }, "deep")],
		["an error", (log) => log.error(error)],
		["an error's cause", (log) => log.error(new Error("x", { cause: error }))],
		["an error in a field", (log) => log.error({ err: error }, "failed")],
		["a child's bindings", (log) => log.child({ url }).info("child")],
		["JSON in a field", (log) => log.info({ body: JSON.stringify({ url }) })],
		[
			"JSON in JSON in a field",
			(log) => log.info({ b: JSON.stringify({ c: JSON.stringify({ url }) }) }),
		],
		["a percent-encoded URL", (log) => log.info(encodeURIComponent(url))],
	])(
		"keeps the callback token out of %s, and the line JSON",
		(_name, write) => {
			const { logger, lines } = aLogger();

			write(logger);

			const text = lines.join("");
			expect(text).toContain("[redacted]");
			expect(text).not.toContain(mac.slice(0, 12));
			expect(text).not.toContain(mac.slice(-12));
			expect(() => JSON.parse(text)).not.toThrow();
		},
	);

	it.each<[string, object | string]>([
		["headers", { headers: { authorization: "Bearer S3CRET" } }],
		["headers in capitals", { req: { headers: { Authorization: "S3CRET" } } }],
		["a quoted value", { authorization: 'Basic "S3CRET\\"S3CRET' }],
		["a list of values", { authorization: ["S3CRET]", "S3CRET"] }],
		["proxy headers", { "proxy-authorization": "Basic S3CRET" }],
		["JSON in a string", { raw: '{"authorization":"Bearer S3CRET"}' }],
		["a message", "sent authorization: bearer S3CRET"],
	])("keeps the Authorization header out of %s", (_name, value) => {
		const { logger, lines } = aLogger();

		if (typeof value === "string") logger.info(value);
		else logger.info(value);

		const text = lines.join("");
		expect(text).toContain("[redacted]");
		expect(text).not.toContain("S3CRET");
		expect(() => JSON.parse(text)).not.toThrow();
	});
});
