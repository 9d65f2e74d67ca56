/**
 * URLs by which a sender of webhooks was, or could be, led to a place that is not on the public internet, and some that
 * must not be taken for one. The list is data: `runtime/ssrf-corpus.test.ts` carries each through both doors, the check of
 * the text and the outbound agent.
 */
export type SsrfEntry = {
	url: string;
	/** How the place is written, in a word or two. */
	form: string;
	verdict: "refused" | "allowed";
	why: string;
	/**
	 * `both` doors see it. `text` is what only the check of the URL minds, for it is no matter of addresses; `connection`
	 * is what nobody can read from the text.
	 */
	door: "both" | "text" | "connection";
	/** What the resolver answers for a name; empty for an address. */
	resolves: readonly string[];
};

type Group = Partial<Pick<SsrfEntry, "door" | "resolves">> &
	Pick<SsrfEntry, "form" | "verdict" | "why"> & {
		/** Hosts of `https://…/hooks`, and whole URLs. */
		of: readonly string[];
	};

const refused = (
	form: string,
	why: string,
	...of: readonly string[]
): Group => ({ form, why, of, verdict: "refused" });

const allowed = (
	form: string,
	why: string,
	...of: readonly string[]
): Group => ({ form, why, of, verdict: "allowed" });

/** A group of names that all resolve to these addresses. */
const resolving = (group: Group, ...resolves: readonly string[]): Group => ({
	...group,
	resolves,
});

/** What the check of the text alone refuses: the place itself is public. */
const refusedText = (...words: Parameters<typeof refused>): Group => ({
	...refused(...words),
	door: "text",
	resolves: ["8.8.8.8"],
});

/** What can be told by the answer of a resolver alone. */
const refusedName = (why: string, name: string, address: string): Group => ({
	...resolving(refused("name", why, name), address),
	door: "connection",
});

// Every reader of an address but the strictest takes these for IPv4.
const spellings: readonly Group[] = [
	refused("dotted", "loopback", "127.0.0.1", "127.255.255.254"),
	refused("short", "loopback", "127.1", "127.0.1", "0", "0x7f.1"),
	refused("decimal", "loopback", "2130706433"),
	refused("decimal", "link-local metadata", "2852039166"),
	refused("octal", "loopback", "0177.0.0.1", "017700000001", "0177.0.0.01"),
	refused("octal", "loopback", "00000177.00.00.01"),
	refused("hex", "loopback", "0x7f000001", "0X7F.0x0.0x0.0x1"),
	refused("hex", "link-local metadata", "0xa9fea9fe"),
	refused("mixed bases", "private", "0xa.0.0.1", "012.1", "0xc0.168.257"),
	refused("percent-encoded", "loopback", "%31%32%37.0.0.1", "127%2e0%2e0%2e1"),
	refused("circled digits", "loopback", "①②⑦.⓪.⓪.①"),
	refused("full-width digits", "loopback", "１２７.０.０.１"),
	refused("superscript digits", "loopback", "¹²⁷.0.0.1"),
	refused("mathematical digits", "loopback", "𝟏𝟐𝟕.𝟎.𝟎.𝟏"),
	refused("ideographic dots", "loopback", "127。0。0。1", "127｡0｡0｡1"),
	refused("full-width dots", "private", "10．0．0．1"),
	refused("soft hyphen", "loopback", "127.0.0\u00ad.1", "local\u00adhost"),
	refused("zero-width", "loopback", "127.0.0.1\u200b", "loc\u2060alhost"),
	refused("trailing dot", "loopback", "127.0.0.1.", "0x7f000001."),
];

const ipv4Ranges: readonly Group[] = [
	refused("dotted", "this network 0.0.0.0/8", "0.0.0.0", "0.1.2.3"),
	refused("dotted", "private 10.0.0.0/8", "10.0.0.1", "10.255.255.255"),
	refused("dotted", "private 172.16.0.0/12", "172.16.0.1", "172.31.255.255"),
	refused("dotted", "private 192.168.0.0/16", "192.168.1.1"),
	refused("dotted", "carriers' NAT 100.64.0.0/10", "100.64.0.1"),
	refused("dotted", "carriers' NAT 100.64.0.0/10", "100.127.255.255"),
	refused("dotted", "link-local 169.254.0.0/16", "169.254.0.1"),
	refused("dotted", "protocol assignments 192.0.0.0/24", "192.0.0.8"),
	refused("dotted", "TEST-NET-1", "192.0.2.1"),
	refused("dotted", "6to4 relays", "192.88.99.1"),
	refused("dotted", "benchmarks 198.18.0.0/15", "198.18.0.1", "198.19.255.255"),
	refused("dotted", "TEST-NET-2", "198.51.100.1"),
	refused("dotted", "TEST-NET-3", "203.0.113.9"),
	refused("dotted", "multicast 224.0.0.0/4", "224.0.0.1", "239.255.255.250"),
	refused("dotted", "reserved 240.0.0.0/4", "240.0.0.1", "254.255.255.255"),
	refused("dotted", "broadcast", "255.255.255.255", "4294967295"),
];

const ipv6Ranges: readonly Group[] = [
	refused("IPv6", "loopback", "[::1]", "[0:0:0:0:0:0:0:1]", "[0::0001]"),
	refused("IPv6", "unspecified", "[::]"),
	refused("IPv4-mapped", "loopback", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
	refused("IPv4-mapped", "private", "[::FFFF:10.0.0.1]"),
	refused("IPv4-mapped", "platform", "[::ffff:168.63.129.16]"),
	refused("IPv4-translated", "loopback", "[::ffff:0:127.0.0.1]"),
	refused("IPv4-compatible", "loopback", "[::127.0.0.1]", "[::7f00:1]"),
	refused("IPv4-compatible", "no network routes it", "[::8.8.8.8]"),
	refused("NAT64", "loopback", "[64:ff9b::127.0.0.1]"),
	refused("NAT64", "link-local metadata", "[64:ff9b::a9fe:a9fe]"),
	refused("local NAT64", "private", "[64:ff9b:1::10.0.0.1]"),
	refused("6to4", "loopback within", "[2002:7f00:1::]"),
	refused("6to4", "private within", "[2002:a00:1::1]"),
	refused(
		"Teredo",
		"loopback within",
		"[2001:0:4136:e378:8000:63bf:80ff:fffe]",
	),
	refused("IPv6", "discard 100::/64", "[100::1]"),
	refused("IPv6", "dummy 100:0:0:1::/64", "[100:0:0:1::1]"),
	refused("IPv6", "benchmarks 2001:2::/48", "[2001:2::1]"),
	refused("IPv6", "ORCHID 2001:10::/28", "[2001:10::1]"),
	refused("IPv6", "ORCHIDv2 2001:20::/28", "[2001:20::1]"),
	refused(
		"IPv6",
		"documentation",
		"[2001:db8::1]",
		"[3fff::1]",
		"[3fff:fff::1]",
	),
	refused("IPv6", "the rest of 2001::/23", "[2001:1::1]", "[2001:1ff::1]"),
	refused("IPv6", "segment routing 5f00::/16", "[5f00::1]"),
	refused("IPv6", "not assigned", "[4000::1]", "[e000::1]"),
	refused("IPv6", "unique local fc00::/7", "[fc00::1]", "[fdff::1]"),
	refused("IPv6", "link-local fe80::/10", "[fe80::1]", "[febf::1]"),
	refused("IPv6", "site-local fec0::/10", "[fec0::1]"),
	refused("IPv6", "multicast ff00::/8", "[ff02::1]", "[ff0e::1]"),
	refused("zone id", "link-local", "[fe80::1%25eth0]", "[fe80::1%eth0]"),
	refused("zone id", "no public address has one", "[2606:4700::1111%251]"),
];

const metadata: readonly Group[] = [
	refused("dotted", "metadata of most clouds", "169.254.169.254"),
	refused("dotted", "credentials of containers", "169.254.170.2"),
	refused("dotted", "metadata in a carrier's range", "100.100.100.200"),
	refused("dotted", "metadata in 192.0.0.0/24", "192.0.0.192"),
	refused("dotted", "platform service among public ones", "168.63.129.16"),
	refused("decimal", "platform service among public ones", "2822734096"),
	refused("IPv6", "metadata in a local range", "[fd00:ec2::254]"),
	refused("IPv6", "metadata in a local range", "[fd20:ce::254]"),
];

const names: readonly Group[] = [
	refused("name", "loopback by its name", "localhost", "LOCALHOST"),
	refused("full-width letters", "loopback", "ｌｏｃａｌｈｏｓｔ"),
	resolving(
		refused(
			"name",
			"loopback",
			"localhost.",
			"api.localhost",
			"a.b.localhost.",
		),
		"127.0.0.1",
		"::1",
	),
	resolving(refused("name", "loopback", "host.localdomain"), "127.0.0.1"),
	resolving(
		refused("name", "metadata", "metadata.google.internal", "metadata"),
		"169.254.169.254",
	),
	resolving(
		refused("name", "private suffix", "db.internal", "printer.local"),
		"192.168.1.7",
	),
	resolving(
		refused("name", "private suffix", "router.home.arpa", "DB.INTERNAL."),
		"fd00::7",
	),
	resolving(refused("name", "single label", "postgres"), "10.1.2.3"),
	refusedName("its address is in it", "127.0.0.1.rebind.example", "127.0.0.1"),
	refusedName("resolves to a cluster", "api.svc", "10.96.0.1"),
	refusedText("trailing dot", "escapes suffix rules", "hooks.example.com."),
];

const inPublicDress = "https://hooks.example.com";
const parts: readonly Group[] = [
	refused("userinfo", "the host comes after it", `${inPublicDress}@127.0.0.1/`),
	refused("userinfo", "loopback", `${inPublicDress}:443@[::1]/`),
	refused("port", "loopback", "https://127.0.0.1:443/", "https://[::1]:8443/"),
	refused("query", "loopback", "https://127.0.0.1?@hooks.example.com"),
	refused("fragment", "loopback", "https://127.0.0.1#@hooks.example.com"),
	refused("backslash", "loopback", "https://127.0.0.1\\@hooks.example.com/"),
	refused("slashes", "loopback", "https:127.0.0.1/", "https:////127.0.0.1/"),
	refused("scheme", "no web address", "file:///etc/passwd", "ftp://8.8.8.8/"),
	refused("scheme", "no web address", "gopher://127.0.0.1:6379/_FLUSHALL"),
	refused("scheme", "no web address", "data:text/plain,hello"),
	refusedText(
		"userinfo",
		"would be sent or shown",
		"https://user:pass@hooks.example.com/",
		"https://127.0.0.1@hooks.example.com/",
	),
	refusedText(
		"backslash",
		"another parser reads another host",
		`${inPublicDress}\\@127.0.0.1/`,
	),
	refusedText("fragment", "is never sent", `${inPublicDress}/#@127.0.0.1`),
	refusedText(
		"port",
		"not 443",
		`${inPublicDress}:22/`,
		"https://8.8.8.8:6379/",
	),
	refusedText("scheme", "not encrypted", "http://8.8.8.8/"),
];

const harmless: readonly Group[] = [
	allowed("dotted", "public", "8.8.8.8", "1.1.1.1", "https://8.8.8.8:443/"),
	allowed("decimal", "public", "134744072"),
	allowed("dotted", "next to 10.0.0.0/8", "9.255.255.255", "11.0.0.1"),
	allowed("dotted", "next to 100.64.0.0/10", "100.63.255.255", "100.128.0.1"),
	allowed("dotted", "next to 172.16.0.0/12", "172.15.255.255", "172.32.0.1"),
	allowed("dotted", "next to link-local", "169.253.0.1", "169.255.0.1"),
	allowed("dotted", "next to the platform's", "168.63.129.17"),
	allowed("dotted", "next to multicast", "223.255.255.254"),
	allowed(
		"IPv6",
		"public",
		"[2606:4700:4700::1111]",
		"[2a00:1450:4001:81c::200e]",
	),
	allowed("IPv6", "next to 2001::/23", "[2001:200::1]"),
	allowed("IPv4-mapped", "public", "[::ffff:8.8.8.8]"),
	resolving(
		allowed("name", "public", "hooks.example.com", "HOOKS.Example.COM"),
		"8.8.8.8",
		"2606:4700:4700::1111",
	),
	resolving(
		allowed("IDN", "public", "bücher.example", "xn--bcher-kva.example"),
		"2606:4700:4700::1111",
	),
	resolving(
		allowed("name", "a private word elsewhere", "localhost.example.com"),
		"8.8.8.8",
	),
	resolving(
		allowed("name", "no private suffix", "notlocal.example"),
		"8.8.8.8",
	),
];

/** The corpus. */
export const ssrfCorpus: readonly SsrfEntry[] = [
	...spellings,
	...ipv4Ranges,
	...ipv6Ranges,
	...metadata,
	...names,
	...parts,
	...harmless,
].flatMap(({ of, door = "both", resolves = [], ...rest }) =>
	of.map((place) => ({
		url: /^[a-z]+:/.test(place) ? place : `https://${place}/hooks`,
		...rest,
		door,
		resolves,
	})),
);
