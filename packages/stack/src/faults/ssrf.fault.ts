import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reportFault } from "./report.ts";
import {
	addresses,
	bell,
	metadata,
	openSsrfStage,
	type SsrfStage,
} from "./ssrf-stage.ts";

describe("a webhook_url that leads inside", () => {
	let stage: SsrfStage;
	beforeAll(async () => {
		stage = await openSsrfStage();
	});
	afterAll(async () => stage?.close());

	const report = (fault: string) =>
		reportFault({
			row: 44,
			fault,
			bell,
			invariants: "I4 I5 I6",
			recoveryMs: null,
		});
	const forbidden = {
		state: "aborted",
		last_status: null,
		last_error: expect.stringContaining("forbidden_address"),
		excerpt: null,
	};

	it("44: is not followed when a receiver redirects there, and is tried again with the same id", async () => {
		const { outside, inside, owe, tried, makeDue } = stage;
		const targets = [`http://${metadata}/latest/meta-data/`, inside.url];
		const redirects = [301, 302, 307, 308].flatMap((status) =>
			targets.map((location) => ({ status, headers: { location } })),
		);
		outside.answerWith(...redirects);
		const id = await owe(`${outside.url}/hook`);

		for (const [n, { status }] of redirects.entries()) {
			expect(await tried(id, n + 1)).toMatchObject({
				state: "pending",
				last_status: status,
			});
			await makeDue();
		}
		const ended = await tried(id, redirects.length + 1);

		expect(ended).toMatchObject({ state: "delivered", last_status: 200 });
		const ids = outside.requests.map(({ headers }) => headers["webhook-id"]);
		expect(ids).toHaveLength(redirects.length + 1);
		expect(new Set(ids).size).toBe(1);
		await stage.expectUnharmed();
		report("webhook redirected inside, eight times");
	});

	it("44: is refused by the API when it says so itself", async () => {
		for (const url of [`http://${metadata}/`, stage.inside.url]) {
			const { status } = await stage.api("/v1/jobs", {
				body: {
					input: { prompt: "a way in", duration: 3 },
					webhook_url: url,
				},
			});
			expect(status).toBe(422);
		}
	});

	it.each([
		["an address inside", addresses.closed],
		["the cloud's metadata", metadata],
	])(
		"44: is refused at the lookup that finds %s, whatever the one before found",
		async (what, address) => {
			const { outside, inside, owe, tried, makeDue, resolve } = stage;
			const name = `rebound-${address}.example.com`;
			resolve(name, [addresses.open], [address]);
			const before = outside.requests.length;
			// A kept connection would need no second lookup: it leads to the address that was judged.
			const isHeard = address === metadata;
			if (isHeard) {
				outside.answerWith({ status: 503, headers: { connection: "close" } });
			}
			// The port is that of the server which a lookup without a guard would find.
			const { port } = new URL(isHeard ? outside.url : inside.url);

			const id = await owe(`http://${name}:${port}/hook`, { isWritten: true });
			const first = await tried(id, 1);
			await makeDue();
			const second = await tried(id, 2);

			expect(first).toMatchObject({
				state: "pending",
				last_status: isHeard ? 503 : null,
				last_error: isHeard ? null : expect.stringContaining("ECONNREFUSED"),
			});
			expect(second).toMatchObject(forbidden);
			expect(outside.requests).toHaveLength(before + (isHeard ? 1 : 0));
			await stage.expectUnharmed();
			report(`DNS rebinding to ${what}`);
		},
	);

	it.each([
		["first", [addresses.closed, addresses.open]],
		["last", [addresses.open, addresses.closed]],
		["beside the metadata", [addresses.open, metadata]],
		["as ipv6", [addresses.open, `::ffff:${addresses.closed}`]],
	])(
		"44: is refused when one of several addresses is inside: %s",
		async (where, found) => {
			const { outside, inside, owe, tried, resolve } = stage;
			const name = `several-${where.replaceAll(" ", "-")}.example.com`;
			resolve(name, found);
			const before = outside.requests.length;

			const written = await Promise.all(
				[inside, outside].map(({ url }) =>
					owe(`http://${name}:${new URL(url).port}/hook`, { isWritten: true }),
				),
			);
			const taken = await owe(`https://${name}/hook`);

			for (const id of [...written, taken]) {
				expect(await tried(id, 1)).toMatchObject(forbidden);
			}
			expect(outside.requests).toHaveLength(before);
			await stage.expectUnharmed();
			report(`one of several addresses is inside, ${where}`);
		},
	);
});
