import { describe, expect, it } from "vitest";
import {
	canonicalHost,
	isAllowedAddress,
	isPublicAddress,
	isPublicHost,
	ownerOfAddress,
	parseCidrs,
} from "./address.ts";

// Hosts as a customer may write them into a URL.
const forbiddenHosts = [
	"127.0.0.1",
	"127.1",
	"127.0.1",
	"127.255.255.254",
	"2130706433",
	"017700000001",
	"0x7f000001",
	"0x7f.1",
	"0177.0.0.1",
	"0x7f.0x0.0x0.0x1",
	"127.0.0.1.",
	"①②⑦.⓪.⓪.①",
	"127。0。0。1",
	"%31%32%37.0.0.1",
	"0",
	"0.0.0.0",
	"0.1.2.3",
	"10.0.0.1",
	"10.255.255.255",
	"172.16.0.1",
	"172.31.255.255",
	"192.168.1.1",
	"3232235777",
	"100.64.0.1",
	"100.127.255.255",
	"169.254.169.254",
	"0xa9fea9fe",
	"168.63.129.16",
	"192.0.0.8",
	"192.0.2.1",
	"192.88.99.1",
	"198.18.0.1",
	"198.51.100.1",
	"203.0.113.9",
	"224.0.0.1",
	"239.255.255.250",
	"240.0.0.1",
	"255.255.255.255",
	"[::1]",
	"[::]",
	"[0:0:0:0:0:0:0:1]",
	"[::127.0.0.1]",
	"[::7f00:1]",
	"[::ffff:127.0.0.1]",
	"[::ffff:7f00:1]",
	"[::ffff:169.254.169.254]",
	"[::ffff:0:127.0.0.1]",
	"[64:ff9b::127.0.0.1]",
	"[64:ff9b::a00:1]",
	"[64:ff9b:1::10.0.0.1]",
	"[2002:7f00:1::]",
	"[2002:a00:1::1]",
	"[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
	"[100::1]",
	"[100:0:0:1::1]",
	"[fc00::1]",
	"[fd00:ec2::254]",
	"[fe80::1]",
	"[fec0::1]",
	"[ff02::1]",
	"[2001:db8::1]",
	"[3fff::1]",
	"[2001:2::1]",
	"[5f00::1]",
	"[4000::1]",
	"localhost",
	"LOCALHOST",
	"localhost.",
	"ｌｏｃａｌｈｏｓｔ",
	"api.localhost",
	"printer.local",
	"metadata.google.internal",
	"db.internal",
	"db.internal.",
	"router.home.arpa",
	"host.localdomain",
	"postgres",
	"hooks.example.com.",
];

// Texts that no URL can have as its host.
const noHosts = [
	"",
	".",
	"..",
	" ",
	"example.com:8080",
	"user@example.com",
	"example.com/path",
	"example.com?x",
	"example.com#x",
	"example.com\\@127.0.0.1",
	"exa mple.com",
	"[::1",
	"::1]",
	"256.256.256.256",
	"1.2.3.4.5",
	"[fe80::1%25eth0]",
	"[2606:4700::1111%25eth0]",
];

const publicHosts = [
	"8.8.8.8",
	"1.1.1.1",
	"134744072",
	"172.15.255.255",
	"172.32.0.1",
	"100.63.255.255",
	"100.128.0.1",
	"168.63.129.17",
	"[2606:4700:4700::1111]",
	"[2a00:1450:4001:81c::200e]",
	"[::ffff:8.8.8.8]",
	"hooks.example.com",
	"HOOKS.Example.COM",
	"bücher.example",
	"xn--bcher-kva.example",
	"a.b",
	"localhost.example.com",
	"notlocal.example",
];

describe("isPublicHost", () => {
	it.each(forbiddenHosts)("refuses %s as written", (host) => {
		expect(isPublicHost(host)).toBe(false);
	});

	it.each(forbiddenHosts)("refuses %s as the URL parser gives it", (host) => {
		const { hostname } = new URL(`https://${host}/hooks`);

		expect(isPublicHost(hostname)).toBe(false);
	});

	it.each(noHosts)("refuses %j, which is no host", (host) => {
		expect(isPublicHost(host)).toBe(false);
	});

	it.each(publicHosts)("lets %s through", (host) => {
		const { hostname } = new URL(`https://${host}/hooks`);

		expect([isPublicHost(host), isPublicHost(hostname)]).toEqual([true, true]);
	});

	it("judges a bare IPv6 address like one in brackets", () => {
		expect(isPublicHost("::1")).toBe(false);
		expect(isPublicHost("2606:4700:4700::1111")).toBe(true);
	});
});

describe("isPublicAddress", () => {
	it.each([
		["8.8.8.8", true],
		["::ffff:8.8.8.8", true],
		["2606:4700:4700::1111", true],
		["127.0.0.1", false],
		["::8.8.8.8", false],
		["::ffff:10.0.0.1", false],
		["::ffff:a9fe:a9fe", false],
		["2130706433", false],
		["127.1", false],
		["134744072", false],
		["0x08080808", false],
		["2606:4700::1111%eth0", false],
		["fe80::1%eth0", false],
		["[2606:4700::1111]", false],
		["hooks.example.com", false],
		["", false],
	])("judges %s, which must be in its usual form", (ip, expected) => {
		expect(isPublicAddress(ip)).toBe(expected);
	});
});

describe("canonicalHost", () => {
	it.each([
		["0x7f.1", "127.0.0.1"],
		["[::FFFF:127.0.0.1]", "::ffff:7f00:1"],
		["Hooks.Example.com", "hooks.example.com"],
		["a b", null],
		["", null],
	])("reads %s as the URL parser does", (host, expected) => {
		expect(canonicalHost(host)).toBe(expected);
	});
});

describe("parseCidrs", () => {
	it("reads ranges and bare addresses, and prints them as written", () => {
		const cidrs = parseCidrs(" 10.0.0.0/8, fd00::/8\n192.168.1.7 ");

		expect(JSON.stringify(cidrs)).toBe(
			'["10.0.0.0/8","fd00::/8","192.168.1.7"]',
		);
	});

	it("opens nothing when there is nothing", () => {
		expect(parseCidrs(" , ")).toEqual([]);
	});

	it.each([
		["10.0.0.0/33", /"10\.0\.0\.0\/33" is not an address range/],
		["10.0.0.0/", /is not an address range/],
		["10.0.0.0/8/8", /is not an address range/],
		["10/8", /is not an address range/],
		["0x7f.1/8", /is not an address range/],
		["example.com", /is not an address range/],
		["fe80::1%eth0/64", /is not an address range/],
		["10.0.0.0/-1", /is not an address range/],
		["0.0.0.0/0", /opens every address there is/],
		["::/0", /opens every address there is/],
		["10.1.2.3/8", /write 10\.0\.0\.0\/8/],
		["fd00::1/8", /write fd00::\/8/],
	])("refuses %s and says why", (text, sentence) => {
		expect(() => parseCidrs(`127.0.0.1, ${text}`)).toThrow(sentence);
	});
});

describe("isAllowedAddress", () => {
	const cidrs = parseCidrs("127.0.0.0/8, 10.1.0.0/16, fd00:1::/32");

	it.each([
		["127.0.0.1", true],
		["127.255.255.255", true],
		["::ffff:127.0.0.1", true],
		["10.1.255.1", true],
		["fd00:1:ffff::1", true],
		["10.2.0.1", false],
		["128.0.0.1", false],
		["fd00:2::1", false],
		["::1", false],
		["::127.0.0.1", false],
		["127.1", false],
		["localhost", false],
		["", false],
	])("judges %s by the ranges alone", (ip, expected) => {
		expect(isAllowedAddress(ip, cidrs)).toBe(expected);
	});

	it("allows nothing by default", () => {
		expect(isAllowedAddress("127.0.0.1", parseCidrs(""))).toBe(false);
	});
});

describe("who an address belongs to", () => {
	it.each([
		["192.0.2.1", "192.0.2.1"],
		["::ffff:192.0.2.1", "192.0.2.1"],
		["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"],
		["2001:DB8:0001:2::9", "2001:db8:1:2::"],
		["2001:db8::1", "2001:db8::"],
		["fe80::1%eth0", "fe80::"],
		["::1", "::"],
		["", ""],
	])("%s is %s", (address, owner) => {
		expect(ownerOfAddress(address)).toBe(owner);
	});
});
