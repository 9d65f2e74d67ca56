import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	call,
	eventsOf,
	outcomesOf,
	startRendering,
} from "./callback-scene.ts";
import {
	providerBell as bell,
	openProviderStage,
	type ProviderStage,
} from "./provider-stage.ts";
import { reportFault } from "./report.ts";

const key = (letter: string) => Buffer.alloc(32, letter).toString("base64");

// k2 signs and k1 still verifies; k0 was removed.
const callbackKeys = `k2:${key("b")},k1:${key("a")}`;

describe("callbacks", () => {
	let stage: ProviderStage;
	beforeAll(async () => {
		stage = await openProviderStage({ CALLBACK_KEYS: callbackKeys });
	});
	afterAll(async () => stage?.close());

	const report = (fault: string) =>
		reportFault({
			row: 40,
			fault,
			bell,
			invariants: "I3 I4 I5",
			recoveryMs: null,
		});

	it("40: that are forged, foreign or signed with a removed key change nothing and learn nothing", async () => {
		const mine = await startRendering(stage);
		const other = await startRendering(stage);
		const [base, id, , mac] = partsOf(mine.url);
		const [, otherId] = partsOf(other.url);
		const before = await stage.query(
			"select * from submission where job_id = any($1) order by id",
			[[mine.id, other.id]],
		);

		const statuses = await Promise.all(
			[
				`${base}${id}.k2.${"A".repeat(43)}`,
				`${base}${otherId}.k2.${mac}`,
				`${base}${id}.k1.${mac}`,
				tokenUrl(base, id, "k0", key("z")),
				`${base}${id}`,
			].map((url) => call(url, mine.success)),
		);

		expect(statuses).toEqual([404, 404, 404, 404, 404]);
		expect(
			await stage.query(
				"select * from submission where job_id = any($1) order by id",
				[[mine.id, other.id]],
			),
		).toEqual(before);
		expect(await outcomesOf(stage, mine.id)).toEqual([]);
		// The key before the newest still speaks, for its callbacks are on their way.
		const retained = tokenUrl(base, id, "k1", key("a"));
		expect(await call(retained, mine.success)).toBe(200);
		const [ended] = await stage.settle([mine.id]);
		expect(ended.state).toBe("succeeded");
		await stage.audit([mine.id]);
		report("forged, foreign and rotated capabilities");
	});

	it("40: that are replayed with another body change nothing", async () => {
		const job = await startRendering(stage);
		await call(job.url, job.success);
		const [ended] = await stage.settle([job.id]);

		const statuses = await Promise.all([
			call(job.url, {
				...job.success,
				result_urls: ["https://example.com/other.mp4"],
				cost_points: 99_999,
			}),
			call(job.url, job.success, "text/plain"),
			call(job.url, "<html></html>", "text/html"),
			call(job.url, ""),
			call(job.url, `{"state":"fail","nested":${"[".repeat(10_000)}`),
		]);

		expect(statuses).toEqual([200, 200, 200, 200, 200]);
		expect(await stage.job(job.id)).toEqual(ended);
		expect(await eventsOf(stage, job.id)).toHaveLength(1);
		await stage.audit([job.id]);
		report("replay with a changed, unreadable or empty body");
	});

	it("40: of 50 MB are refused without being held in memory", async () => {
		const job = await startRendering(stage);
		const before = stage.memoryMb("webhook");
		const huge = JSON.stringify({
			...job.success,
			padding: "x".repeat(50_000_000),
		});

		// The receiver may hang up while the client still sends, which a client sees as a reset.
		const ends = await Promise.all(
			Array.from({ length: 4 }, () =>
				call(job.url, huge).catch(() => "hung up"),
			),
		);

		for (const end of ends) expect([413, "hung up"]).toContain(end);
		const after = stage.memoryMb("webhook");
		if (before !== null && after !== null) {
			expect(after - before).toBeLessThan(100);
		}
		expect((await stage.job(job.id)).state).toBe("rendering");
		expect(await outcomesOf(stage, job.id)).toEqual([]);
		expect(await call(job.url, job.success)).toBe(200);
		await stage.settle([job.id]);
		await stage.audit([job.id]);
		report("four callbacks of 50 MB at once");
	});
});

/** `…/callbacks/see2ai/`, the submission, the key's id and the mac. */
function partsOf(url: string): [string, string, string, string] {
	const cut = url.lastIndexOf("/") + 1;
	const [id = "", keyId = "", mac = ""] = url.slice(cut).split(".");
	return [url.slice(0, cut), id, keyId, mac];
}

/** Signed by the rule that the receiver's documents give, without its code. */
function tokenUrl(
	base: string,
	id: string,
	keyId: string,
	secret: string,
): string {
	const mac = createHmac("sha256", Buffer.from(secret, "base64"))
		.update(`reelay:callback:v1:${id}:${keyId}`)
		.digest("base64url");
	return `${base}${id}.${keyId}.${mac}`;
}
