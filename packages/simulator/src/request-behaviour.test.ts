import { describe, expect, it } from "vitest";
import { parseHeader, parseMarker, promptOf } from "./request-behaviour.ts";

describe("a marker", () => {
	it("ends the prompt and may hold brackets of its own", () => {
		const marker = '[[sim: {"callback":{"progress":["waiting"]}}]]';

		expect(parseMarker(`A boat ${marker} `)).toEqual({
			ok: true,
			patch: { callback: { progress: ["waiting"] } },
		});
	});

	it("is nothing in the middle of a prompt", () => {
		const prompt = '[[sim: {"fault":"hang"}]] a boat';

		expect(parseMarker(prompt)).toEqual({ ok: true, patch: {} });
	});

	it.each(['[[sim: {"fault":"no_such"}]]', '[[sim: {"falt":"hang"}]]'])(
		"that nobody understands is refused: %s",
		(prompt) => {
			expect(parseMarker(prompt).ok).toBe(false);
		},
	);

	it("may end the last shot", () => {
		const body = {
			multi_prompt: [{ prompt: "a" }, { prompt: 'b [[sim: {"taken":true}]]' }],
		};

		expect(parseMarker(promptOf(body))).toMatchObject({
			patch: { taken: true },
		});
	});
});

describe("the header", () => {
	it("holds the same JSON", () => {
		expect(parseHeader('{"fault":"hang"}')).toMatchObject({
			patch: { fault: "hang" },
		});
	});

	it("is refused when it is no JSON", () => {
		expect(parseHeader("hang").ok).toBe(false);
	});
});
