import { expect, it } from "vitest";
import { malformBody } from "./malformed.ts";

const body = {
	task_id: "t1",
	state: "success",
	result_urls: ["http://localhost/t1.mp4"],
	cost_time: 5,
	provider_config_id: null,
};

it.each(["truncated", "html", "empty"] as const)(
	"is no JSON when %s",
	(how) => {
		expect(() => JSON.parse(malformBody(how, body))).toThrow(SyntaxError);
	},
);

it("keeps no value's type when types are wrong", () => {
	const broken = JSON.parse(malformBody("wrong_types", body));

	expect(Object.keys(broken)).toEqual(Object.keys(body));
	for (const [key, value] of Object.entries(body)) {
		const kind = Array.isArray(value) ? "array" : typeof value;
		const got = Array.isArray(broken[key]) ? "array" : typeof broken[key];
		expect(got).not.toBe(kind);
	}
});

it("wraps the right body in a list", () => {
	expect(JSON.parse(malformBody("array", body))).toEqual([body]);
});

it("nests deeper than a recursive reader survives", () => {
	const depth = malformBody("deep", body).split("[").length - 1;

	expect(depth).toBe(50_000);
});
