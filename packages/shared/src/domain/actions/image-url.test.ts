import { describe, expect, it } from "vitest";
import type { Violation } from "../violation.ts";
import { readImageUrl } from "./image-url.ts";

function read(value: unknown, isPublicHost = (_: string) => true) {
	const codes: string[] = [];
	const report = ({ code }: Violation) => codes.push(code);
	const url = readImageUrl({ value, pointer: "/u", report }, { isPublicHost });
	return { url, codes };
}

describe("readImageUrl", () => {
	it.each([
		"https://images.example.com/a.png",
		"http://images.example.com/a.jpg",
		"HTTPS://images.example.com/A.JPEG",
		"https://images.example.com",
		"https://images.example.com/v1.0/photo",
		"https://images.example.com/photo?format=.gif#x.gif",
		"https://images.example.com/photo.png?signature=a%2Fb&x=@",
		"https://images.example.com/photo.20240101",
	])("accepts %s as it is", (text) => {
		expect(read(text)).toEqual({ url: text, codes: [] });
	});

	it.each([
		[5, "wrong_type"],
		[null, "wrong_type"],
		["", "bad_url"],
		["images.example.com/a.png", "bad_url"],
		["//images.example.com/a.png", "bad_url"],
		["ftp://images.example.com/a.png", "bad_url"],
		["file:///etc/a.png", "bad_url"],
		["data:image/png;base64,AA", "bad_url"],
		["https://", "bad_url"],
		["https://a b.com/a.png", "bad_url"],
		[" https://images.example.com/a.png", "bad_url"],
		["https://images.exam\nple.com/a.png", "bad_url"],
		["https:\\\\images.example.com/a.png", "bad_url"],
		["https://images.example.com\\@10.0.0.1/a.png", "bad_url"],
		["https://images.example.com:99999/a.png", "bad_url"],
		["https://images.example.com/\u0000.png", "bad_text"],
		["https://me@images.example.com/a.png", "url_credentials"],
		["https://me:pw@images.example.com/a.png", "url_credentials"],
		["https://images.example.com/a.webp", "image_format"],
		["https://images.example.com/a.GIF", "image_format"],
		["https://images.example.com/a.png.zip", "image_format"],
	])("refuses %j", (value, code) => {
		expect(read(value)).toEqual({ url: undefined, codes: [code] });
	});

	it.each([
		["https://0x7f.1/a.png", "127.0.0.1"],
		["https://2130706433/a.png", "127.0.0.1"],
		["https://[::1]/a.png", "::1"],
		["https://[::ffff:127.0.0.1]/a.png", "::ffff:7f00:1"],
		["https://LOCALHOST/a.png", "localhost"],
		["https://images.example.com:8443/a.png", "images.example.com"],
	])("asks about the host of %s in its one form", (text, host) => {
		const asked: string[] = [];

		const { codes } = read(text, (hostname) => {
			asked.push(hostname);
			return false;
		});

		expect(asked).toEqual([host]);
		expect(codes).toEqual(["private_host"]);
	});

	it("accepts 2048 characters and no more", () => {
		const longest = "https://images.example.com/".padEnd(2_048, "x");

		expect(read(longest).codes).toEqual([]);
		expect(read(`${longest}x`).codes).toEqual(["url_too_long"]);
	});

	it("names every mistake of one URL", () => {
		const { codes } = read("https://me:pw@10.0.0.1/a.gif", () => false);

		expect(codes).toEqual(["url_credentials", "private_host", "image_format"]);
	});
});
