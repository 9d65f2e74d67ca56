import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { signCallbackToken } from "@reelay/shared/signing/capability";
import { parseKeyring } from "@reelay/shared/signing/keyring";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { success } from "../testing/bodies.ts";
import {
	aKeyring,
	keyring,
	post,
	type ReceiverStage,
	type Rendering,
	setStage,
} from "../testing/stage.ts";

let stage: ReceiverStage;
let rendering: Rendering;
beforeAll(async () => {
	stage = await setStage();
	rendering = await stage.aRendering();
});
afterAll(() => stage.close());

const foreign = parseKeyring(`k1:${Buffer.alloc(32, 9).toString("base64")}`);
const otherId = "sub_01k0aj5m8gq4w3n7y2e6c9vb1d";
const parts = () => rendering.token.split(".") as [string, string, string];

const badTokens: [name: string, make: () => string][] = [
	["a word", () => "hello"],
	["two dots", () => ".."],
	["no mac", () => rendering.token.replace(/[^.]*$/, "")],
	["a mac cut short", () => rendering.token.slice(0, -1)],
	["a mac made longer", () => `${rendering.token}A`],
	["a mac in capitals", () => rendering.token.toUpperCase()],
	["padding", () => `${rendering.token}=`],
	["a mac of zeros", () => `${parts()[0]}.k1.${"A".repeat(43)}`],
	["another submission under our mac", () => `${otherId}.k1.${parts()[2]}`],
	["a key id that we do not have", () => `${parts()[0]}.k2.${parts()[2]}`],
	[
		"a key with our id and other bytes",
		() => signCallbackToken(parts()[0], foreign),
	],
	[
		"a key that left the keyring",
		() => signCallbackToken(parts()[0], aKeyring("k0")),
	],
	["a fourth part", () => `${rendering.token}.x`],
	["a NUL", () => `${rendering.token}%00`],
	["a percent sign that encodes nothing", () => "%zz"],
	["a lone byte", () => "%ff"],
	["a path within the token", () => `x%2f..%2f${rendering.token}`],
	["a thousand characters", () => "x".repeat(1000)],
];

const comparable = ({ headers }: { headers: Headers }) =>
	[...headers].filter(([name]) => name !== "date");

describe("404", () => {
	it.each(badTokens)(
		"is the whole answer to %s, before the database is asked",
		async (_name, make) => {
			const nobodys = await post(`${stage.url}/no/such/path`, success);

			const answer = await stage.post(`/callbacks/see2ai/${make()}`, success);

			expect(answer.status).toBe(404);
			expect(answer.text).toBe("");
			expect(comparable(answer)).toEqual(comparable(nobodys));
			expect(stage.statements).toEqual([]);
			expect(stage.counted).toEqual([]);
		},
	);

	it.each(["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])(
		"is the same answer to %s with a good token, with a bad one, and anywhere",
		async (method) => {
			const paths = [rendering.path, "/callbacks/see2ai/x", "/x", "/"];

			const answers = await Promise.all(
				paths.map((path) => fetch(`${stage.url}${path}`, { method })),
			);

			for (const answer of answers) {
				expect(answer.status).toBe(404);
				expect(await answer.text()).toBe("");
				expect(comparable(answer)).toEqual(comparable(answers[3] as Response));
			}
			expect(stage.statements).toEqual([]);
		},
	);

	it.each([
		"/callbacks",
		"/callbacks/see2ai",
		"/callbacks/see2ai/",
		"/callbacks/another/x",
		"/v1/jobs",
	])("is the answer to a POST to %s", async (path) => {
		const answer = await stage.post(path, success);

		expect(answer.status).toBe(404);
		expect(answer.text).toBe("");
	});

	it("comes before a byte of the body has been sent", async () => {
		const headers = {
			"content-length": "100000",
			"content-type": "application/json",
		};
		const request = httpRequest(`${stage.url}/callbacks/see2ai/x`, {
			method: "POST",
			headers,
		});
		request.on("error", () => {});
		request.flushHeaders();

		const [answer] = (await once(request, "response")) as [IncomingMessage];

		expect(answer.statusCode).toBe(404);
		request.destroy();
	});

	it("may not be stored by anyone on the way", async () => {
		const { headers } = await stage.post("/callbacks/see2ai/x", success);

		expect(headers.get("cache-control")).toBe("no-store");
		expect(headers.get("set-cookie")).toBeNull();
		expect(headers.get("access-control-allow-origin")).toBeNull();
	});
});

describe("rotation", () => {
	it("lets a token of the old key in while the key is in the ring, and no longer", async () => {
		const rotated = await stage.serveAnother(aKeyring("k2,k1"));
		const retired = await stage.serveAnother(aKeyring("k2"));
		const { path, submissionId } = await stage.aRendering();
		const newPath = `/callbacks/see2ai/${signCallbackToken(submissionId, aKeyring("k2"))}`;

		const statuses = [
			(await post(`${retired.url}${path}`, success)).status,
			(await post(`${rotated.url}${path}`, success)).status,
			(await post(`${rotated.url}${newPath}`, success)).status,
			(await post(`${stage.url}${newPath}`, success)).status,
		];

		expect(statuses).toEqual([404, 200, 200, 404]);
		expect(keyring.ids).toEqual(["k1"]);
	});
});
