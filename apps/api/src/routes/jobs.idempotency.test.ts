import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, prompt, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const post = (body: unknown, headers: Record<string, string> = {}) =>
	stage.request("/v1/jobs", { body, headers });

describe("POST /v1/jobs with an Idempotency-Key", () => {
	it("gives the same job for the same request, however its keys are ordered", async () => {
		const headers = { "idempotency-key": "same-request" };
		const first = await post(
			{ input: { prompt, duration: 5 }, tags: ["a"] },
			headers,
		);

		const again = await post(
			{ tags: ["a"], input: { duration: "5", prompt } },
			headers,
		);

		expect(again.status).toBe(202);
		expect(again.json.id).toBe(first.json.id);
		expect(first.headers.get("idempotency-replayed")).toBeNull();
		expect(again.headers.get("idempotency-replayed")).toBe("true");
	});

	it("refuses another request under the same key with 422", async () => {
		const headers = { "idempotency-key": "other-request" };
		await post({ input: { prompt } }, headers);

		const other = await post({ input: { prompt: "Another boat" } }, headers);

		expect(other.status).toBe(422);
		expect(other.json.code).toBe("idempotency_key_reused");
	});

	it("makes one job of a hundred that arrive at once", async () => {
		const headers = { "idempotency-key": "hundred-at-once" };
		const ringsBefore = stage.rings.length;

		const answers = await Promise.all(
			Array.from({ length: 100 }, () => post({ input: { prompt } }, headers)),
		);

		expect(new Set(answers.map(({ status }) => status))).toEqual(
			new Set([202]),
		);
		expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
		const replayed = answers.filter(({ headers }) =>
			headers.has("idempotency-replayed"),
		);
		expect(replayed).toHaveLength(99);
		expect(stage.rings.length - ringsBefore).toBe(1);
	});

	it("makes a new job when the key's day ends while it is looked up", async () => {
		const late = await setStage({
			async onStatement(sql) {
				if (!sql.includes("and idem_key =")) return;
				await late.db.$executeRaw`update job set idem_key = null`;
			},
		});
		const ask = () =>
			late.request("/v1/jobs", {
				body: { input: { prompt } },
				headers: { "idempotency-key": "a-day-old" },
			});
		const first = await ask();

		const second = await ask();

		expect(second.status).toBe(202);
		expect(second.json.id).not.toBe(first.json.id);
		await late.close();
	});

	it("keeps the keys of two tenants apart", async () => {
		const headers = { "idempotency-key": "two-tenants" };
		const key = await stage.aStrangersKey();
		const ours = await post({ input: { prompt } }, headers);

		const theirs = await stage.request("/v1/jobs", {
			key,
			headers,
			body: { input: { prompt: "Their boat" } },
		});

		expect(theirs.status).toBe(202);
		expect(theirs.json.id).not.toBe(ours.json.id);
	});

	it.each(["", "two words", "ü", "x".repeat(256)])(
		"refuses the key %j with 422",
		async (key) => {
			const answer = await post(
				{ input: { prompt } },
				{
					"idempotency-key": Buffer.from(key).toString("latin1"),
				},
			);

			expect(answer.status).toBe(422);
			expect(answer.json.code).toBe("invalid_request");
		},
	);
});
