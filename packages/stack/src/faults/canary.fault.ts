import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import { bells } from "../journeys/stage.ts";
import { patience } from "./crash-stage.ts";
import {
	callBack,
	type KeyringStage,
	openKeyringStage,
	type Script,
	tokenOf,
} from "./keyring-stage.ts";
import { reportFault } from "./report.ts";

const repeated = "no way to {callback_url} with {authorization}";
const custom = (status: number, body: unknown) => ({
	fault: "custom",
	custom: { status, body },
});

/** Where a provider might repeat what it was sent, by what becomes of the job. */
const echoes: (Script & { ends: string })[] = [
	{ behaviour: { callback: { shape: "B" } }, ends: "succeeded" },
	{
		behaviour: { answer: "immediate", callback: { shape: "B_object" } },
		ends: "succeeded",
	},
	{
		behaviour: { fault: "task_failed", fail: { code: "1", message: repeated } },
		ends: "failed",
	},
	{
		behaviour: {
			...{ fault: "task_failed", answer: "immediate" },
			...{ fail: { code: repeated, message: repeated } },
			callback: { shape: "B" },
		},
		ends: "failed",
	},
	{
		behaviour: { callback: { shape: "B", malformed: "truncated" } },
		ends: "succeeded",
	},
	{
		behaviour: { callback: { shape: "C_data", malformed: "array" } },
		ends: "succeeded",
	},
	{ behaviour: { fault: "http_400", message: repeated }, ends: "failed" },
	{
		behaviour: { fault: "http_422_repair", message: repeated },
		ends: "failed",
	},
	{ behaviour: { fault: "http_403", message: repeated }, ends: "failed" },
	{
		behaviour: { fault: "redirect_307", location: "{callback_url}" },
		ends: "failed",
	},
	{
		behaviour: { fault: "http_500", message: repeated },
		times: 1,
		ends: "succeeded",
	},
	{
		behaviour: { fault: "code_in_200", message: repeated },
		times: 1,
		ends: "succeeded",
	},
	{
		behaviour: { ...custom(504, repeated), taken: true },
		ends: "succeeded",
	},
	{
		behaviour: { ...custom(200, `<p>${repeated}</p>`), taken: true },
		ends: "succeeded",
	},
	{
		behaviour: custom(200, {
			...{ task_id: "{callback_url}", state: "success", model: repeated },
			result_urls: ["{callback_url}", "https://example.com/v.mp4"],
		}),
		ends: "succeeded",
	},
	{
		behaviour: custom(422, {
			issues: [{ field: repeated, message: repeated }],
			minimal_runnable_payload: { callBackUrl: "{callback_url}" },
		}),
		ends: "failed",
	},
].map((echo, n) => ({ ...echo, prompt: `canary number ${n + 1}.` }));

describe.each(bells)("secrets, rung by %s", (bell) => {
	let stage: KeyringStage | null = null;
	beforeAll(async () => {
		stage = await openKeyringStage(bell);
	});
	afterAll(async () => stage?.close());

	/** All that a provider does wrong with what it was sent. */
	async function playEchoes(stage: KeyringStage): Promise<string[]> {
		const ids: string[] = [];
		for (const { ends, ...script } of echoes) {
			const [id = ""] = await stage.createScripted(script);
			ids.push(id);
			const [job] = await stage.settle([id]);
			expect({ ...script, state: job?.state }).toEqual({
				...script,
				state: ends,
			});
		}
		return ids;
	}

	/** The provider is closed for want of money, in words that repeat the request, until it is topped up. */
	async function playClosing(stage: KeyringStage): Promise<string> {
		const [id = ""] = await stage.createScripted({
			prompt: "an account that is empty.",
			times: 1,
			behaviour: { fault: "http_402", message: repeated },
		});
		const governor = () => stage.sql("select * from governor");
		await eventually(async () => {
			expect(await governor()).toMatchObject([{ closed_reason: "funds" }]);
		}, patience);
		await readAll(stage, [id]);
		await stage.sql("update governor set blocked_until = clock_timestamp()");
		await stage.settle([id]);
		return id;
	}

	/** Rings wait while the worker stands still: those of the API, and those of the receiver. */
	async function playRings(stage: KeyringStage): Promise<string[]> {
		const [told = ""] = await stage.createScripted({
			prompt: "told while nobody hears.",
			behaviour: { answer: "immediate", callback: { lose: true } },
		});
		await stage.reach([told], ["rendering"]);
		const [url = ""] = await stage.callbackUrls([told]);
		const { task_id } = (
			await stage.sql(
				"select provider_task_id as task_id from submission where job_id = $1",
				[told],
			)
		)[0] as JsonAnswer;
		const created = await stage.whileFrozen("worker", async () => {
			const ids = await stage.createScripted({
				prompt: "created while nobody hears.",
				behaviour: {},
				count: 3,
			});
			expect(await callBack(url, task_id)).toBe(200);
			await eventually(async () => {
				await stage.sinks.dump(stage.stack.databaseUrl, stage.redis?.url);
				const rings = stage.sinks.text(stage.redis ? "redis" : "rows");
				const rung = [...ids, tokenOf(url).submission];
				expect(rung.filter((id) => !rings.includes(`submit-${id}`))).toEqual(
					[],
				);
			}, patience);
			return ids;
		});
		const ids = [told, ...created];
		await stage.settle(ids);
		return ids;
	}

	/** What strangers, and a provider that errs, send to the receiver. */
	async function playRefusals(stage: KeyringStage): Promise<void> {
		const [url = ""] = await stage.callbackUrls();
		const { ask } = stage.sinks;
		const post = (to: string, body: string, headers = {}) =>
			ask(to, { method: "POST", body, headers });
		const forged = `${url.slice(0, -43)}${"A".repeat(43)}`;
		expect([
			await post(forged, url),
			await post(`${url}x`, url),
			await post(`${url}/more`, url),
			await ask(url),
			await post(url.replace("see2ai", "nobody"), url),
			await post(url.replaceAll(".", "%2e"), url),
			await post(url, url, { "content-encoding": "rot13" }),
			await post(url, `callback=${url}`),
			await post(url, JSON.stringify({ state: url, task_id: url })),
		]).toEqual([404, 404, 404, 404, 404, 200, 415, 200, 200]);
		// A provider that was given the API's address for the receiver's.
		const misled = url.replace(stage.receiverUrl, stage.apiUrl);
		expect(await post(misled, url)).toBe(404);
		const { BOOTSTRAP_API_KEY: key } = stage.stack.secrets;
		const headers = { authorization: `Bearer ${key}` };
		const asId = `${stage.apiUrl}/v1/jobs/${encodeURIComponent(url)}`;
		expect(await ask(asId, { headers })).toBe(404);
		// The receiver may hang up while the rest is still being sent.
		const huge = await post(url, url.padEnd(300_000, url));
		expect([413, null]).toContain(huge);
	}

	/** Every answer of every process that a client or an operator may ask for. */
	async function readAll(stage: KeyringStage, ids: string[]): Promise<void> {
		const { ask } = stage.sinks;
		const { BOOTSTRAP_API_KEY: key } = stage.stack.secrets;
		const headers = {
			authorization: `Bearer ${key}`,
			"content-type": "application/json",
		};
		for (const url of [stage.apiUrl, stage.receiverUrl, stage.workerUrl]) {
			for (const path of ["metrics", "readyz", "healthz", "nothing"]) {
				await ask(`${url}/${path}`);
			}
		}
		const jobs = `${stage.apiUrl}/v1/jobs`;
		await ask(`${jobs}?limit=100`, { headers });
		await ask(jobs, { headers: { authorization: `Bearer ${key}x` } });
		await ask(jobs, { method: "POST", headers, body: '{"input":' });
		for (const id of ids) {
			await ask(`${jobs}/${id}`, { headers });
			await ask(`${jobs}/${id}/events`, { headers });
			const body = JSON.stringify({ as: "failed", note: "by hand" });
			await ask(`${jobs}/${id}/resolve`, { method: "POST", headers, body });
			await ask(`${jobs}/${id}/cancel`, { method: "POST", headers });
		}
	}

	it("are in no log, metric, row, ring, answer or webhook, whatever repeats them", async (test) => {
		if (stage === null) return test.skip();
		const { sinks, stack, redis, receiver } = stage;
		const ids = await playEchoes(stage);
		ids.push(await playClosing(stage), ...(await playRings(stage)));
		await playRefusals(stage);
		await readAll(stage, ids);
		await sinks.dump(stack.databaseUrl, redis?.url);
		for (const { raw } of receiver.received) sinks.add("webhooks", raw);

		const urls = await stage.callbackUrls();
		const tokens = urls.map((url) => [url, tokenOf(url).mac]);
		expect(urls.length).toBeGreaterThan(ids.length);
		sinks.expectNoTrace({ ...stage.secrets, ...Object.fromEntries(tokens) });
		// What was looked through is what it says, and not empty.
		const { submission } = tokenOf(urls[0] ?? "");
		for (const sink of ["log of worker", "log of webhook", "rows", "answers"]) {
			expect(sinks.text(sink).includes(submission)).toBe(true);
		}
		for (const sink of ["log of api", "webhooks"]) {
			expect(sinks.text(sink).includes(ids[0] ?? "?")).toBe(true);
		}
		expect(sinks.text("rows").includes(`${submission}.[redacted]`)).toBe(true);
		expect(/reelay_submissions_total/.test(sinks.text("answers"))).toBe(true);
		await stage.audit(ids);
		reportFault({
			row: null,
			fault: "a provider, strangers and errors repeat our secrets",
			bell,
			invariants: "I1 I2 I4 I5",
			recoveryMs: null,
			notes: `${urls.length} tokens and ${Object.keys(stage.secrets).length} keys in no sink`,
		});
	});
});
