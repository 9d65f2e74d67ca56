import { describe, expect, it } from "vitest";
import { parseResultHosts, refuseResultUrl } from "./result-url.ts";

const refuse = (url: string, hosts: string | null = null) =>
	refuseResultUrl(
		new URL(url),
		hosts === null ? null : parseResultHosts(hosts),
	);

describe("a result's URL", () => {
	it.each([
		"https://cdn.example.com/1.mp4",
		"https://cdn.example.com:8443/1.mp4?signature=a",
		"http://127.0.0.1:3003/files/1.mp4",
		"http://127.9.9.9/1.mp4",
		"http://localhost/1.mp4",
		"http://files.localhost/1.mp4",
		"http://[::1]:3003/1.mp4",
	])("is https, or of this machine: %s", (url) => {
		expect(refuse(url)).toBeNull();
	});

	it.each([
		["http://cdn.example.com/1.mp4", "cdn.example.com"],
		["http://10.0.0.1/1.mp4", "10.0.0.1"],
		["http://127.example.com/1.mp4", "127.example.com"],
		["http://localhost.example.com/", "localhost.example.com"],
	])("is nothing else: %s", (url, host) => {
		expect(refuse(url)).toBe(`the URL at ${host} is not https`);
	});
});

describe("the allowlist of hosts", () => {
	const hosts = "cdn.example.com, *.files.example.com,http://plain.example.com";

	it.each([
		"https://cdn.example.com/1.mp4",
		"https://CDN.example.com./1.mp4",
		"https://a.files.example.com/1.mp4",
		"https://a.b.files.example.com/1.mp4",
		"http://plain.example.com/1.mp4",
		"https://plain.example.com/1.mp4",
	])("lets in %s", (url) => {
		expect(refuse(url, hosts)).toBeNull();
	});

	it.each([
		"https://example.com/1.mp4",
		"https://files.example.com/1.mp4",
		"https://xcdn.example.com/1.mp4",
		"https://cdn.example.com.evil.example/1.mp4",
		"https://evilfiles.example.com/1.mp4",
		"http://127.0.0.1/1.mp4",
	])("keeps out %s", (url) => {
		expect(refuse(url, hosts)).toMatch(/ is not one of RESULT_HOSTS$/);
	});

	it("asks for https where it does not say http", () => {
		expect(refuse("http://cdn.example.com/1.mp4", hosts)).toBe(
			"the URL at cdn.example.com is not https",
		);
	});

	it.each([
		"",
		"a,",
		"https://cdn.example.com/path",
		"user@cdn.example.com",
		"*",
		"*.*.example.com",
		"cdn.example.com:443",
		"ftp://cdn.example.com",
		"a b",
	])("is not %j", (text) => {
		expect(() => parseResultHosts(text)).toThrow(/is not a host/);
	});

	it("may name an address", () => {
		expect(refuse("https://[2001:db8::1]/1.mp4", "[2001:db8::1]")).toBeNull();
	});
});
