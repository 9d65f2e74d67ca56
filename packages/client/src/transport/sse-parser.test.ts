import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSseParser, type SseMessage } from "./sse-parser.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function parse(text: string): SseMessage[] {
	return createSseParser().feed(encode(text));
}

describe("createSseParser", () => {
	it("tells a block when it is complete, and not before", () => {
		const parser = createSseParser("4");

		const early = parser.feed(encode('id: 5\nevent: a\ndata: {"x'));
		const late = parser.feed(encode('":1}\n\n'));

		expect(early).toEqual([]);
		expect(late).toEqual([{ lastEventId: "5", event: "a", data: '{"x":1}' }]);
	});

	it("keeps the id of a block that has none, and takes one that comes without data", () => {
		expect(parse("id: 7\n\ndata: a\n\nid: 8\ndata: b\n\ndata: c\n\n")).toEqual([
			{ lastEventId: "7", event: "message", data: null },
			{ lastEventId: "7", event: "message", data: "a" },
			{ lastEventId: "8", event: "message", data: "b" },
			{ lastEventId: "8", event: "message", data: "c" },
		]);
	});

	it("hears how long to wait before connecting again", () => {
		const parser = createSseParser();
		const before = parser.retryMs();

		parser.feed(encode("retry: 250\nretry: soon\n\n"));

		expect([before, parser.retryMs()]).toEqual([null, 250]);
	});

	it("does not let a line without an end fill the memory", () => {
		const parser = createSseParser();
		const megabytes = encode("x".repeat(4 * 1024 * 1024));

		const feed = () => {
			for (let i = 0; i < 5; i += 1) parser.feed(megabytes);
		};

		expect(feed).toThrow(/too long/);
	});

	it("reads whatever an independent parser reads, cut at any byte", () => {
		const line = fc.oneof(
			fc.constantFrom(
				...["data: a", "data:b", "data", "event: x", "event:", "id: 9", "id"],
				...[": hello", "retry: 5", "unknown: 1", "", "data: ü🎬", " data: z"],
			),
			fc.string().map((text) => `data: ${text.replace(/[\r\n]/g, "")}`),
		);
		const ends = fc.constantFrom("\n", "\r\n", "\r");
		fc.assert(
			fc.property(fc.array(line), ends, fc.nat(), (lines, end, seed) => {
				// The other parser takes no CR at the very end of the input.
				const text = `${lines.join(end)}${end}${end}:${end}`;
				const witnessed: { event: string; data: string }[] = [];
				const witness = createParser({
					onEvent: ({ event = "message", data }) =>
						void witnessed.push({ event, data }),
				});
				witness.feed(text);
				const bytes = encode(text);
				const cut = bytes.length === 0 ? 0 : seed % bytes.length;
				const parser = createSseParser();

				const told = [
					...parser.feed(bytes.subarray(0, cut)),
					...parser.feed(bytes.subarray(cut)),
				];

				expect(
					told
						.filter(({ data }) => data !== null)
						.map(({ event, data }) => ({ event, data })),
				).toEqual(witnessed);
			}),
			{ numRuns: 500 },
		);
	});
});
