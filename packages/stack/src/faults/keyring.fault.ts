import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import { bells } from "../journeys/stage.ts";
import { patience } from "./crash-stage.ts";
import {
	callBack,
	type KeyringStage,
	keys,
	openKeyringStage,
	tokenOf,
} from "./keyring-stage.ts";
import { reportFault } from "./report.ts";

describe.each(bells)("new callback keys, rung by %s", (bell) => {
	let stage: KeyringStage | null = null;
	beforeAll(async () => {
		stage = await openKeyringStage(bell);
	});
	afterAll(async () => stage?.close());

	const keyIds = (urls: string[]) => [
		...new Set(urls.map((url) => tokenOf(url).keyId)),
	];
	const rotated = { CALLBACK_KEYS: `k2:${keys.next},k1:${keys.old}` };
	const dropped = { CALLBACK_KEYS: `k2:${keys.next}` };

	it("lose no callback that is under way, sign all that follows, and outlive the old ones", async (test) => {
		if (stage === null) return test.skip();
		const { createScripted, reach, callbackUrls, restart, settle } = stage;
		const { simulator, whileFrozen } = stage;
		const rendering = await createScripted({
			prompt: "told by a callback alone.",
			behaviour: { answer: "immediate", render_ms: 15_000 },
			count: 4,
		});
		const submitting = await createScripted({
			prompt: "told by an answer that nobody waits for.",
			behaviour: { render_ms: 15_000 },
			count: 4,
		});
		const old = [...rendering, ...submitting];
		await reach(rendering, ["rendering"]);
		await eventually(
			async () => expect(await callbackUrls(old)).toHaveLength(8),
			patience,
		);
		const oldUrls = await callbackUrls(old);

		// No callback is sent before both processes have the new key, however long they take.
		const fresh = await whileFrozen("simulator", async () => {
			await restart("webhook", rotated);
			await restart("worker", rotated);
			await reach(rendering, ["rendering"]);
			await reach(submitting, ["unknown"]);
			const input = { prompt: "after the rotation.", duration: 3 };
			return [await stage?.createJob({ input })].map(String);
		});
		const rotatedAt = Date.now();
		const jobs = await settle([...old, ...fresh], 120_000);

		const recoveryMs = Date.now() - rotatedAt;
		expect(new Set(jobs.map((job) => job.state))).toEqual(
			new Set(["succeeded"]),
		);
		expect(keyIds(oldUrls)).toEqual(["k1"]);
		expect(keyIds(await callbackUrls(fresh))).toEqual(["k2"]);
		const { callbacks } = await simulator("/ledger?limit=100000");
		const answers = callbacks.map((call: JsonAnswer) => call.status);
		expect(answers).toEqual(answers.map(() => 200));
		expect(answers).toHaveLength(9);

		await restart("webhook", dropped);
		await restart("worker", dropped);
		const [freshUrl = ""] = await callbackUrls(fresh);
		expect(await Promise.all(oldUrls.map((url) => callBack(url)))).toEqual(
			oldUrls.map(() => 404),
		);
		expect(await callBack(freshUrl)).toBe(200);
		const [last = ""] = await createScripted({
			prompt: "without the old key.",
			behaviour: {},
		});
		await settle([last]);
		await stage.audit([...old, ...fresh, last]);
		reportFault({
			row: null,
			fault: "keyring rotation with submissions in flight",
			bell,
			invariants: "I1 I2 I3 I4 I5",
			recoveryMs,
			notes: `${old.length} callbacks signed with the old key, all taken`,
		});
	});
});
