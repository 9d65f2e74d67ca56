/**
 * What holds of every callback that comes in, guarantee by guarantee, and where each is tested. Those without a place are
 * below, and those about bodies in callbacks.checklist-body.test.ts.
 *
 *   one capability for each submission        callbacks.identity.test.ts: "another submission under our mac"
 *   a keyring of its own                      below
 *   constant time, strict decoding            below; capability.test.ts: "refuses …"
 *   checked before any work                   below; callbacks.identity.test.ts: "before the database is asked", "comes before a
 *                                             byte of the body has been sent"
 *   the same 404 for all that is not ours     below; callbacks.identity.test.ts: every bad token, method and path
 *   limits for each address and each token    below; rate-limit.test.ts
 *   a cap on the body while it streams        callbacks.checklist-body.test.ts; callbacks.test.ts: 413, also when it inflates
 *   kept whatever the parser does             callbacks.checklist-body.test.ts; callbacks.test.ts: "keeps … in quarantine"
 *   bounded depth, no __proto__               callbacks.checklist-body.test.ts; provider-json.test.ts
 *   the task's id agrees                      callbacks.checklist-body.test.ts; callbacks.test.ts; settle-callback.test.ts;
 *                                             quarantine.test.ts for progress
 *   results from https, and allowed hosts     callbacks.checklist-body.test.ts; result-url.test.ts
 *   answers are empty and not stored          below
 *   no cookies, no CORS, no other route       below; callbacks.identity.test.ts: "is the answer to a POST to …"
 *   a process of its own                      service.test.ts
 *   old keys verify while they are kept       below; callbacks.identity.test.ts: rotation; keyring.fault.ts
 *   secrets are in no sink                    canary.test.ts; canary.fault.ts
 */
import { readFile } from "node:fs/promises";
import { maxTimeoutS, overdueGraceS } from "@reelay/shared/domain/deadline";
import { submissionStates } from "@reelay/shared/domain/submission";
import {
	signCallbackToken,
	verifyCallbackToken,
} from "@reelay/shared/signing/capability";
import { seal } from "@reelay/shared/signing/sealing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receiverConfigSchema } from "../config.ts";
import { failure, success } from "../testing/bodies.ts";
import { find } from "../testing/rows.ts";
import {
	type Answer,
	aKeyring,
	keyring,
	post,
	type ReceiverStage,
	setStage,
} from "../testing/stage.ts";

let stage: ReceiverStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const repository = new URL("../../../../", import.meta.url);
const readSource = (path: string) =>
	readFile(new URL(path, repository), "utf8");

describe("the keyring", () => {
	it("is for callbacks alone: the receiver has no other key, and what another use of a key made opens nothing", async () => {
		const { submissionId } = await stage.aRendering();
		const sealed = seal("a secret", keyring, submissionId);
		const tokens = [
			sealed,
			`${submissionId}.${sealed.split(".").slice(1, 3).join(".")}`,
		];

		const answers = await Promise.all(
			tokens.map((token) => stage.post(`/callbacks/see2ai/${token}`, success)),
		);

		expect(answers.map(({ status }) => status)).toEqual([404, 404]);
		const keys = Object.keys(receiverConfigSchema.shape).filter((name) =>
			/KEY|SECRET/.test(name),
		);
		expect(keys).toEqual(["CALLBACK_KEYS"]);
	});

	it("lets a token of an older key in for a submission in every state, however old it is", async () => {
		const rotated = await stage.serveAnother(aKeyring("k2,k1"));
		for (const submission of submissionStates) {
			const isLive = ["intent", "accepted", "unknown"].includes(submission);
			const ended = submission === "succeeded" ? "succeeded" : "failed";
			const { path, submissionId } = await stage.aRendering({
				submission,
				state: isLive ? "overdue" : ended,
			});
			await stage.db.$executeRaw`
				update submission set intent_at = now() - interval '1 year' where id = ${submissionId}`;

			const { status } = await post(`${rotated.url}${path}`, success);

			expect([submission, status]).toEqual([submission, 200]);
			const kept = await stage.db.$queryRaw<{ outcome: string }[]>`
				select outcome from callback where submission_id = ${submissionId}`;
			expect(kept).toHaveLength(1);
		}
	});

	it("may lose an old key no sooner than what it signed can still end a job, and the documents say so", async () => {
		const failures = await readSource("docs/FAILURES.md");
		const [, days] =
			/Remove the old one after\s+(\w+)\s+days/.exec(failures) ?? [];

		expect(days).toBe("three");
		expect(maxTimeoutS + overdueGraceS).toBeLessThan(3 * 24 * 3600);
	});
});

describe("a token", () => {
	it("is compared in constant time, and only with what has the right length", async () => {
		const { submissionId } = await stage.aRendering();
		const source = await readSource(
			"packages/shared/src/signing/capability.ts",
		);
		const tokens = Array.from({ length: 66 }, (_, length) => {
			return `${submissionId}.k1.${"A".repeat(length)}`;
		});

		// A comparison of unequal lengths would throw.
		const verified = tokens.map((token) => verifyCallbackToken(token, keyring));

		expect(verified).toEqual(tokens.map(() => null));
		expect(source).toContain("timingSafeEqual(mac, macOf(");
		expect(source).not.toMatch(
			/macOf\([^)]*\)\s*[=!]==|\.equals\(|\.compare\(/,
		);
	});

	it("that is not ours costs no statement, no file and no line, whatever comes with it", async () => {
		const lines = stage.log.lines().length;
		const bodies = ["", "x".repeat(300_000), JSON.stringify(success)];
		stage.statements.length = 0;

		for (const body of bodies) {
			const { status } = await stage.post("/callbacks/see2ai/x.y.z", body);
			expect(status).toBe(404);
		}

		expect(stage.statements).toEqual([]);
		expect(await stage.deps.spool.depth()).toBe(0);
		expect(stage.log.lines()).toHaveLength(lines);
	});

	it("is answered alike whether its submission exists, its key exists, or it has any form at all", async () => {
		const { submissionId } = await stage.aRendering();
		const mac = "A".repeat(43);
		const nobody = "sub_01k0aj5m8gq4w3n7y2e6c9vb1d";
		const paths = [
			`/callbacks/see2ai/${submissionId}.k1.${mac}`,
			`/callbacks/see2ai/${nobody}.k1.${mac}`,
			`/callbacks/see2ai/${submissionId}.k9.${mac}`,
			"/callbacks/see2ai/x",
			"/nowhere",
		];

		const answers = await Promise.all(
			paths.map((path) => stage.post(path, success)),
		);

		const [first] = answers.map(comparable);
		for (const answer of answers) expect(comparable(answer)).toEqual(first);
	});
});

describe("limits", () => {
	it("end the patience with an address that shows no capability, alike on every path, and not with a genuine one", async () => {
		const flooded = await setStage();
		const { path, jobId } = await flooded.aRendering();
		const ask = (to: string) => flooded.post(to, "");
		for (let asked = 0; asked < 600; asked += 50) {
			const some = Array.from({ length: 50 }, () => ask("/callbacks/see2ai/x"));
			const statuses = (await Promise.all(some)).map(({ status }) => status);
			expect(new Set(statuses)).toEqual(new Set([404]));
		}

		const beyond = [await ask("/callbacks/see2ai/x"), await ask("/nowhere")];
		const other = await fetch(`${flooded.url}${path}`);
		const genuine = await flooded.post(path, success);
		const alive = await fetch(`${flooded.url}/healthz`);

		expect(beyond.map(({ status }) => status)).toEqual([429, 429]);
		expect(comparable(beyond[0] as Answer)).toEqual(
			comparable(beyond[1] as Answer),
		);
		expect(beyond[0]?.headers.get("retry-after")).toBe("60");
		expect(beyond[0]?.headers.get("connection")).toBe("close");
		expect(other.status).toBe(429);
		expect([genuine.status, alive.status]).toEqual([200, 200]);
		expect((await find(flooded, jobId)).state).toBe("succeeded");
		expect(flooded.log.lines("callback.flooded")).toMatchObject([
			{ level: "warn", address: "127.0.0.1" },
		]);
		await flooded.close();
	});

	it("end the patience with one token after 120 callbacks in a minute, and not with another", async () => {
		const { path, submissionId } = await stage.aRendering();
		const other = await stage.aRendering();
		const rotated = await stage.serveAnother(aKeyring("k1,k2"));
		const byOtherKey = `/callbacks/see2ai/${signCallbackToken(submissionId, aKeyring("k2"))}`;
		const send = (n: number) =>
			post(`${rotated.url}${n % 2 ? path : byOtherKey}`, `body ${n}`);
		for (let n = 0; n < 120; n += 1) expect((await send(n)).status).toBe(200);
		stage.statements.length = 0;

		const beyond = await send(120);
		const next = await post(`${rotated.url}${other.path}`, success);

		expect([beyond.status, beyond.text]).toEqual([429, ""]);
		expect(beyond.headers.get("retry-after")).toBe("60");
		expect(next.status).toBe(200);
		expect(stage.statements).toHaveLength(1);
		expect(stage.counted).toContain("unread 429");
		const [kept] = await stage.db.$queryRaw<{ count: number }[]>`
			select count(*)::int as count from callback where submission_id = ${submissionId}`;
		expect(kept?.count).toBe(120);
	});
});

describe("every answer", () => {
	it("is empty, may not be stored, sets no cookie, and opens nothing to another origin", async () => {
		const { path } = await stage.aRendering();
		const origin = { origin: "https://example.com" };
		const preflight = {
			...origin,
			"access-control-request-method": "POST",
			"access-control-request-headers": "content-type",
		};
		const asked: [number, () => Promise<Answer>][] = [
			[200, () => stage.post(path, success, origin)],
			[200, () => stage.post(path, failure, origin)],
			[404, () => stage.post(`${path}x`, success, origin)],
			[413, () => stage.post(path, "x".repeat(300_000), origin)],
			[415, () => stage.post(path, "", { "content-encoding": "rot13" })],
			[404, () => read(path, { headers: origin })],
			[404, () => read(path, { method: "OPTIONS", headers: preflight })],
			[404, () => read("/favicon.ico", { headers: { cookie: "a=b" } })],
		];

		for (const [status, ask] of asked) {
			const answer = await ask();
			const { headers, text } = answer;
			expect([answer.status, text]).toEqual([status, ""]);
			expect(headers.get("cache-control")).toBe("no-store");
			expect(headers.get("set-cookie")).toBeNull();
			expect(headers.get("allow")).toBeNull();
			expect(
				[...headers.keys()].filter((name) => name.startsWith("access-control")),
			).toEqual([]);
		}
	});
});

async function read(path: string, init: RequestInit): Promise<Answer> {
	const { status, headers, ...answer } = await fetch(
		`${stage.url}${path}`,
		init,
	).then(async (got) => ({
		status: got.status,
		headers: got.headers,
		text: await got.text(),
	}));
	return { status, headers, ...answer };
}

function comparable({ status, headers, text }: Answer) {
	return {
		status,
		text,
		headers: [...headers].filter(([name]) => name !== "date"),
	};
}
