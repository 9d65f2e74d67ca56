import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { openRinger } from "@reelay/shared/queue/rings";
import { createGate } from "@reelay/shared/testing/gate";
import { serve } from "@reelay/shared/testing/serve";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, prompt, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const image = (name: string) => `https://images.example.com/${name}.png`;
const post = (body: unknown, headers: Record<string, string> = {}) =>
	stage.request("/v1/jobs", { body, headers });

describe("POST /v1/jobs 202", () => {
	it.each([
		["text", { prompt }],
		["first_frame", { prompt, image_urls: [image("first")] }],
		[
			"first_and_last_frame",
			{ prompt, image_urls: [image("first"), image("last")] },
		],
		[
			"multi_shot",
			{
				multi_shots: true,
				duration: "5",
				multi_prompt: [
					{ prompt: "A boat leaves", duration: 2 },
					{ prompt: "A boat arrives", duration: 3 },
				],
			},
		],
		[
			"text",
			{
				prompt: "@boat sails",
				kling_elements: [
					{
						name: "boat",
						description: "a paper boat",
						element_input_urls: [image("left"), image("right")],
					},
				],
			},
		],
	])("accepts a job of the mode %s", async (mode, input) => {
		const answer = await post({ input });

		expect(answer.status).toBe(202);
		expect(answer.json).toMatchObject({ mode, state: "queued", input });
	});

	it("answers with the whole job, its address and the normalised input", async () => {
		const answer = await post({
			input: { prompt, duration: 7 },
			external_id: "order-7",
			metadata: { customer: "7" },
			tags: ["spring"],
			priority: "high",
			webhook_url: "https://hooks.example.com/videos",
			start_within_s: 60,
			timeout_s: 600,
		});

		const { json } = answer;
		expect(answer.headers.get("location")).toBe(`/v1/jobs/${json.id}`);
		expect(json).toMatchObject({
			state: "queued",
			action: "see2ai_video_generation_kling_3_0_v1",
			input: { prompt, duration: "7", aspect_ratio: "16:9", mode: "pro" },
			result: null,
			error: null,
			cost: { points: null, charged: "no" },
			submissions: 0,
			priority: "high",
			external_id: "order-7",
			metadata: { customer: "7" },
			tags: ["spring"],
			webhook_url: "https://hooks.example.com/videos",
			timeout_s: 600,
			submitted_at: null,
			finished_at: null,
			links: {
				self: `/v1/jobs/${json.id}`,
				events: `/v1/jobs/${json.id}/events`,
				cancel: `/v1/jobs/${json.id}/cancel`,
				submissions: `/v1/jobs/${json.id}/submissions`,
				callbacks: `/v1/jobs/${json.id}/callbacks`,
			},
		});
		expect(Date.parse(json.start_by) - Date.parse(json.created_at)).toBe(
			60_000,
		);
	});

	it.each(["hold", "fail", "resubmit_once"])(
		"keeps what to do when the outcome is unknown: %s",
		async (on_unknown) => {
			const { json } = await post({ input: { prompt }, on_unknown });

			const rows = await stage.db.$queryRaw`
				select on_unknown, resubmitted from job where id = ${json.id}`;
			expect(json.on_unknown).toBe(on_unknown);
			expect(rows).toEqual([{ on_unknown, resubmitted: false }]);
		},
	);

	it("holds when neither the job nor the settings say what to do", async () => {
		const { json } = await post({ input: { prompt } });

		expect(json.on_unknown).toBe("hold");
	});

	it("speaks of a job that is in the database, and rings for it once", async () => {
		const ringsBefore = stage.rings.length;

		const { json } = await post({ input: { prompt } });

		const rows = await stage.db.$queryRaw<{ state: string; type: string }[]>`
			select state, timeline.type from job join timeline on job_id = job.id where job.id = ${json.id}`;
		expect(rows).toEqual([{ state: "queued", type: "accepted" }]);
		expect(stage.rings.slice(ringsBefore)).toEqual([
			{ kind: "submit", ids: [json.id] },
		]);
	});

	it("warns of an element that no prompt names, with a pointer into the request", async () => {
		const { json } = await post({
			input: {
				prompt,
				kling_elements: [
					{ name: "boat", element_input_urls: [image("a"), image("b")] },
				],
			},
		});

		expect(json.warnings).toMatchObject([
			{ code: "unused_element", pointer: "/input/kling_elements/0/name" },
		]);
	});

	it("starts the clock of start_within_s at run_at", async () => {
		const { json } = await post({
			input: { prompt },
			run_at: "2099-01-01T01:00:00+01:00",
			start_within_s: 60,
		});

		expect(json).toMatchObject({
			not_before: "2099-01-01T00:00:00.000Z",
			start_by: "2099-01-01T00:01:00.000Z",
		});
	});

	it("keeps metadata and tags as they were sent, whatever they hold", async () => {
		const metadata = {
			'a"b': "c\\d",
			"{}": "'; drop table job; --",
			"": undefined,
			"🛶": "ü\u2028",
		};
		const tags = ['{"a","b"}', "NULL", "a,b", "\\", "🛶"];

		const { json } = await post({ input: { prompt }, metadata, tags });

		const { "": _, ...kept } = metadata;
		expect(json).toMatchObject({ metadata: kept, tags });
	});
});

describe("POST /v1/jobs 409", () => {
	it("refuses an external_id that the tenant has used, and nobody else's", async () => {
		const body = { input: { prompt }, external_id: "once" };
		const key = await stage.aStrangersKey();
		await post(body);

		const again = await post(body);
		const theirs = await stage.request("/v1/jobs", { key, body });

		expect(again.status).toBe(409);
		expect(again.json.code).toBe("external_id_taken");
		expect(theirs.status).toBe(202);
	});
});

describe("the ring after the commit", () => {
	it("does not matter when nothing listens where the bell should be", async () => {
		const closed = await serve(() => {});
		await closed.close();

		const answer = await postWithBellAt(closed.port);

		expect(answer.status).toBe(202);
	});

	it("does not matter when the bell takes the ring and never answers", async () => {
		const silent = createServer();
		silent.listen(0, "127.0.0.1");
		await once(silent, "listening");

		const answer = await postWithBellAt((silent.address() as AddressInfo).port);

		expect(answer.status).toBe(202);
		silent.close();
	});

	async function postWithBellAt(port: number) {
		const ringer = openRinger(
			{ redisUrl: `redis://127.0.0.1:${port}`, databaseUrl: "" },
			() => {},
		);
		const other = await setStage({ ringer });
		const answer = await other.request("/v1/jobs", {
			body: { input: { prompt } },
		});
		await ringer.close();
		await other.close();
		return answer;
	}
});

it("answers nothing before the job is committed", async () => {
	const gate = createGate();
	const held = await setStage({
		onStatement: (sql) =>
			sql.includes("insert into job") ? gate.wait() : undefined,
	});
	let isAnswered = false;
	const answer = held
		.request("/v1/jobs", { body: { input: { prompt } } })
		.finally(() => {
			isAnswered = true;
		});
	await gate.reached;
	await held.request("/healthz");
	const wasAnsweredEarly = isAnswered;

	gate.open();

	expect(wasAnsweredEarly).toBe(false);
	expect((await answer).status).toBe(202);
	await held.close();
});
