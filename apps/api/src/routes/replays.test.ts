import { settleSubmission } from "@reelay/shared/store/settle";
import {
	aJob,
	anEndpoint,
	submissionOf,
} from "@reelay/shared/testing/factories";
import { aSuccess } from "@reelay/shared/testing/reports";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";

let api: ApiStage;
beforeAll(async () => {
	api = await setStage();
});
beforeEach(() => clearTestStore(api.store));
afterAll(() => api.close());

const post = (path: string, body?: unknown) =>
	api.request(path, {
		method: "POST",
		...(body === undefined ? {} : { body }),
	});
const hourAgo = () => new Date(Date.now() - 3_600_000).toISOString();

async function aPastEvent() {
	const job = await aJob(api.store, { state: "rendering" });
	await settleSubmission(api.db, aSuccess(submissionOf(job)));
}

describe("POST /v1/endpoints/{id}/replays", () => {
	it("counts first, then begins one whose way can be followed, paused and ended", async () => {
		await aPastEvent();
		const { id } = await anEndpoint(api.store);
		const path = `/v1/endpoints/${id}/replays`;

		const dry = await post(path, { since: hourAgo(), dry_run: true });
		const begun = await post(path, { since: hourAgo() });
		const self = `/v1/replays/${begun.json.id}`;
		const paused = await post(`${self}/pause`);
		const resumed = await post(`${self}/resume`);
		const cancelled = await post(`${self}/cancel`);
		const ended = await post(`${self}/resume`);

		expect(dry.json).toEqual({ dry_run: true, would_send: 1 });
		expect(begun.status).toBe(202);
		expect(begun.headers.get("location")).toBe(self);
		expect(begun.json).toMatchObject({
			endpoint_id: id,
			state: "running",
			states: ["exhausted", "aborted", "held", "missing"],
			progress: { sent: 0, total: 1 },
		});
		expect([paused, resumed, cancelled].map(({ json }) => json.state)).toEqual([
			"paused",
			"running",
			"cancelled",
		]);
		expect(ended.json.code).toBe("replay_ended");
		expect((await api.request(self)).json).toEqual(cancelled.json);
		expect((await api.request(path)).json.data).toEqual([cancelled.json]);
	});

	it.each([
		[{}, "/since"],
		[{ since: "yesterday" }, "/since"],
		[{ since: "2999-01-01T00:00:00Z" }, "/since"],
		[{ since: "2001-01-01T00:00:00Z" }, "/since"],
		[{ since: hourAgo(), until: "2001-01-01T00:00:00Z" }, "/since"],
		[{ since: hourAgo(), types: ["video.done"] }, "/types"],
		[{ since: hourAgo(), states: ["lost"] }, "/states/0"],
	])("refuses %j", async (body, pointer) => {
		const { id } = await anEndpoint(api.store);

		const answer = await post(`/v1/endpoints/${id}/replays`, body);

		expect(answer.status).toBe(422);
		expect(answer.json.errors).toMatchObject([{ pointer }]);
	});

	it("knows no replay of another tenant", async () => {
		const { id } = await anEndpoint(api.store);
		const begun = await post(`/v1/endpoints/${id}/replays`, {
			since: hourAgo(),
		});
		const key = await api.aStrangersKey();
		const self = `/v1/replays/${begun.json.id}`;

		const answers = await Promise.all([
			api.request(self, { key }),
			api.request(`${self}/cancel`, { method: "POST", key }),
			api.request(`/v1/endpoints/${id}/replays`, { key }),
			api.request("/v1/replays/rpl_x"),
		]);

		expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
	});
});
