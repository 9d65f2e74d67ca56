import { writeFileSync } from "node:fs";
import { isIP, type LookupFunction } from "node:net";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { forbidNetwork, type NoNetwork } from "../testing/no-network.ts";
import { closeAll, closedAtEnd, post } from "../testing/raw-server.ts";
import { type SsrfEntry, ssrfCorpus } from "../testing/ssrf-corpus.ts";
import { isPublicAddress, parseCidrs } from "./address.ts";
import { checkWebhookUrl, createOutboundAgent } from "./outbound.ts";

const nothing = parseCidrs("");
const isRefused = ({ verdict }: SsrfEntry) => verdict === "refused";
const refusedByText = ssrfCorpus.filter(
	(entry) => isRefused(entry) && entry.door !== "connection",
);
const refusedByAgent = ssrfCorpus.filter(
	(entry) => isRefused(entry) && entry.door !== "text",
);
const rows: string[] = [];
let network: NoNetwork;

beforeEach(() => {
	network = forbidNetwork();
});

afterEach(async () => {
	await closeAll();
	network.restore();
});

afterAll(() => {
	// biome-ignore lint/style/noProcessEnv: whoever wants the table asks for it when running this one file
	const file = process.env.SSRF_TABLE;
	if (file !== undefined) writeFileSync(file, `${rows.join("\n")}\n`);
});

/** Gives each question the next list of addresses, and the last one for good. */
function resolver(...answers: (readonly string[])[]): LookupFunction {
	let turn = 0;
	return (_hostname, _options, callback) => {
		const found = answers[Math.min(turn, answers.length - 1)] ?? [];
		turn += 1;
		callback(
			null,
			found.map((address) => ({ address, family: isIP(address) })),
		);
	};
}

function send(url: string, lookup: LookupFunction) {
	const dispatcher = closedAtEnd(
		createOutboundAgent({ allowCidrs: nothing, lookup }),
	);
	return post(url, { dispatcher });
}

async function sendEntry(entry: SsrfEntry) {
	const result = await send(entry.url, resolver(entry.resolves));
	const code = "code" in result ? result.code : result.kind;
	const { url, form, verdict, door, why } = entry;
	rows.push([url, form, verdict, door, why, code].join("\t"));
	return { code, attempts: network.attempts };
}

describe("the check of a webhook's URL", () => {
	it.each(refusedByText)("refuses $url ($form: $why)", ({ url }) => {
		expect(checkWebhookUrl(url, nothing)).toMatch(/^The |^This /);
	});

	it.each(ssrfCorpus.filter((entry) => !refusedByText.includes(entry)))(
		"lets $url through ($form: $why)",
		({ url }) => {
			expect(checkWebhookUrl(url, nothing)).toBeNull();
		},
	);
});

describe("the outbound agent", () => {
	it.each(refusedByAgent)(
		"connects nowhere for $url ($form: $why)",
		async (entry) => {
			const { code, attempts } = await sendEntry(entry);

			const isUrl = URL.canParse(entry.url) && /^https?:/.test(entry.url);
			expect(code).toBe(isUrl ? "forbidden_address" : "invalid_url");
			expect(attempts).toEqual([]);
		},
	);

	it.each(ssrfCorpus.filter((entry) => !refusedByAgent.includes(entry)))(
		"would connect to what is public alone for $url ($form: $why)",
		async (entry) => {
			const { code, attempts } = await sendEntry(entry);

			expect(code).toBe("no_network");
			expect(attempts).not.toEqual([]);
			expect(attempts.filter((address) => !isPublicAddress(address))).toEqual(
				[],
			);
		},
	);
});

const badAddresses = ssrfCorpus
	.filter((entry) => isRefused(entry) && entry.door === "both")
	.filter(({ url }) => url.startsWith("https://") && URL.canParse(url))
	.map(({ url }) => new URL(url).hostname.replace(/^\[|\]$/g, ""))
	.filter((host) => isIP(host) !== 0);

describe("a name", () => {
	it.each([...new Set(badAddresses)])(
		"is refused when its resolver gives %s, alone or among public ones",
		async (address) => {
			const lists = [
				[address],
				["8.8.8.8", address],
				[address, "8.8.8.8"],
				["2606:4700:4700::1111", "8.8.8.8", address, "1.1.1.1"],
			];

			const results = await Promise.all(
				lists.map((list) => send("https://hooks.example/", resolver(list))),
			);

			const refusal = { kind: "unsent", code: "forbidden_address" };
			expect(results).toMatchObject(lists.map(() => refusal));
			expect(network.attempts).toEqual([]);
		},
	);

	it.each([
		"127.1",
		"2130706433",
		"0x7f000001",
		"0177.0.0.1",
		"127.0.0.1.",
		"[::1]",
		"fe80::1%eth0",
		"2606:4700::1111%eth0",
		"localhost",
		"",
	])(
		"is refused when its resolver gives %j, which is no address",
		async (text) => {
			const result = await send("https://hooks.example/", resolver([text]));

			expect(result).toMatchObject({ code: "forbidden_address" });
			expect(network.attempts).toEqual([]);
		},
	);

	it("is refused once it has rebound to a private address", async () => {
		const lookup = resolver(["8.8.8.8"], ["127.0.0.1"]);
		const dispatcher = closedAtEnd(
			createOutboundAgent({ allowCidrs: nothing, lookup }),
		);
		const url = "https://hooks.example/";

		const results = [
			await post(url, { dispatcher }),
			await post(url, { dispatcher }),
		];

		expect(results).toMatchObject([
			{ code: "no_network" },
			{ code: "forbidden_address" },
		]);
		expect(network.attempts).toEqual(["8.8.8.8"]);
	});

	it("is looked up once: what was judged is what is connected to", async () => {
		const lookup = resolver(["8.8.8.8"], ["127.0.0.1"]);

		await send("https://hooks.example/", lookup);

		expect(network.attempts).toEqual(["8.8.8.8"]);
	});
});

describe("the corpus", () => {
	it("holds no URL twice, and enough of both verdicts", () => {
		const urls = new Set(ssrfCorpus.map(({ url }) => url));
		const refused = ssrfCorpus.filter(isRefused);

		expect(urls.size).toBe(ssrfCorpus.length);
		expect(refused.length).toBeGreaterThan(100);
		expect(ssrfCorpus.length - refused.length).toBeGreaterThan(15);
	});
});
