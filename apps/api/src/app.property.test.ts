import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ApiStage, setStage } from "./testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const fieldNames = [
	"action",
	"input",
	"webhook_url",
	"external_id",
	"metadata",
	"tags",
	"priority",
	"run_at",
	"start_within_s",
	"timeout_s",
	"__proto__",
];
const inputNames = [
	"prompt",
	"image_urls",
	"sound",
	"duration",
	"aspect_ratio",
	"mode",
	"multi_shots",
	"multi_prompt",
	"kling_elements",
];

const anyText = fc.string({ unit: "binary" });
const plausible = fc.constantFrom<unknown>(
	"A boat",
	"5",
	5,
	true,
	"high",
	"16:9",
	"2026-12-31T00:00:00+14:00",
	"https://hooks.example.com/",
	"http://127.0.0.1:1/",
	["https://images.example.com/a.png"],
	[{ prompt: "a", duration: 5 }],
	[{ name: "boat", element_input_urls: ["https://a.example/1.png"] }],
	{ key: "value" },
	1e308,
	-0,
);
const anyValue = fc.oneof(
	plausible,
	anyText,
	fc.jsonValue({ stringUnit: "binary" }),
);
const anyInput = fc.dictionary(fc.constantFrom(...inputNames), anyValue);
const anyBody = fc.oneof(
	fc.jsonValue({ stringUnit: "binary" }),
	fc
		.tuple(
			fc.dictionary(fc.constantFrom(...fieldNames), anyValue),
			fc.oneof(anyInput, fc.constant({ prompt: "A boat" })),
		)
		.map(([fields, input]) => ({ ...fields, input })),
);
const runs = { numRuns: 300 };
const inTime = 60_000;

it(
	"answers any JSON with a 202 or with a problem of the caller's",
	() =>
		fc.assert(
			fc.asyncProperty(anyBody, async (body) => {
				const { status, json } = await stage.request("/v1/jobs", {
					body: JSON.stringify(body),
				});

				expect([202, 400, 409, 422]).toContain(status);
				expect(status === 202 ? json.id : json.code).toEqual(
					expect.any(String),
				);
			}),
			runs,
		),
	inTime,
);

it(
	"answers any path and query without an error of its own",
	() =>
		fc.assert(
			fc.asyncProperty(
				fc.oneof(anyText, fc.constantFrom("job_", "%00", "%zz", "..")),
				fc.constantFrom("", "/events", "/cancel"),
				fc.dictionary(
					fc.oneof(
						fc.constantFrom("state", "limit", "cursor", "after"),
						anyText,
					),
					fc.oneof(anyText, fc.constantFrom("1", "queued", "-1", "1e3")),
				),
				async (id, rest, query) => {
					const search = new URLSearchParams(query);
					const paths = [
						`/v1/jobs/${encodeURIComponent(id)}${rest}`,
						`/v1/jobs`,
					];

					for (const path of paths) {
						const method =
							rest === "/cancel" && path.endsWith(rest) ? "POST" : "GET";
						const { status } = await stage.request(`${path}?${search}`, {
							method,
						});
						expect(status).toBeLessThan(500);
					}
				},
			),
			{ numRuns: 150 },
		),
	inTime,
);

it(
	"answers any headers of a caller without an error of its own",
	() =>
		fc.assert(
			fc.asyncProperty(
				fc.string(),
				fc.constantFrom(
					"authorization",
					"idempotency-key",
					"content-type",
					"content-encoding",
					"x-request-id",
					"accept",
				),
				async (value, name) => {
					const { status } = await stage.request("/v1/jobs", {
						body: { input: { prompt: "A boat" } },
						headers: { [name]: value },
					});

					expect(status).toBeLessThan(500);
				},
			),
			{ numRuns: 100 },
		),
	inTime,
);
