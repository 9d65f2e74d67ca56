import { eventually } from "@reelay/shared/testing/eventually";
import { describe, expect, it } from "vitest";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import { bells } from "../journeys/stage.ts";
import { askUntilTaken } from "./load.ts";
import { reportFault } from "./report.ts";
import {
	openStatementStage,
	type StatementStage,
	type Strikes,
	strikeEachOnce,
} from "./statement-stage.ts";
import { engineStatements } from "./statements.ts";

const patience = { timeoutMs: 150_000, everyMs: 200 };

/** What the provider does with a job's POSTs, and what else is asked of the job. */
type Part = {
	script?: { behaviour: object; times: number | "always" };
	body?: Record<string, unknown>;
	ends?: string;
	/** Nobody POSTs it. */
	isUnsent?: boolean;
};

const once = (fault: string, more = {}) => ({
	behaviour: { fault, ...more },
	times: 1,
});
const always = (behaviour: object) => ({
	behaviour,
	times: "always" as const,
});
const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString();

/** Between them these jobs need every statement; each is told by its prompt. */
const parts = {
	plain: {},
	unreported: { script: always({ callback: { lose: true } }) },
	immediate: { script: always({ answer: "immediate" }) },
	doubted: {
		script: always({
			fault: "http_504_taken",
			render_ms: 4_000,
			callback: { progress: ["generating"] },
		}),
	},
	limited: { script: once("http_429", { retry_after: 1 }) },
	erring: { script: once("http_500") },
	unfunded: { script: once("http_402") },
	// It is under way while leases are renewed, every 15 s.
	long: { script: always({ render_ms: 35_000 }) },
	rescued: { script: always({ render_ms: 15_000 }) },
	late: {
		script: always({ answer: "immediate", callback: { delay_ms: 20_000 } }),
	},
	lapsing: {
		script: always({ answer: "immediate", callback: { lose: true } }),
		ends: "failed",
	},
	resubmitted: {
		script: once("http_504_not_taken"),
		body: { on_unknown: "resubmit_once" },
	},
	expiring: {
		body: { run_at: tomorrow() },
		ends: "expired",
		isUnsent: true,
	},
	cancelled: {
		body: { run_at: tomorrow() },
		ends: "cancelled",
		isUnsent: true,
	},
} satisfies Record<string, Part>;
type PartName = keyof typeof parts;
const cast = Object.entries(parts) as [PartName, Part][];

describe.each(bells)(
	"a statement that runs and then times out, rung by %s",
	(bell) => {
		it("22: is sent again without effect, whichever of the engine's it is", {
			timeout: 600_000,
		}, async (test) => {
			const stage = await openStatementStage(bell);
			if (stage === null) return test.skip();
			try {
				await writeScripts(stage);
				await holdUp(stage);
				const startedAt = Date.now();
				const strikes = strikeEachOnce(stage.faults, engineStatements);
				const ids = await createAll(stage);
				await ringAgain(stage, strikes);

				await Promise.all([...cast.map(([name]) => play(stage, name, ids))]);
				await loseIdempotencyKey(stage, ids.plain);
				await eventually(() => expect(strikes.left()).toEqual([]), patience);
				const struckMs = Date.now() - startedAt;

				const jobs = await stage.settle(Object.values(ids), 120_000);
				expectEnds(jobs, ids);
				await expectOneCharge(stage, ids);
				await stage.audit(Object.values(ids));
				reportFault({
					row: 22,
					fault: "each statement commits once and then reports a timeout",
					bell,
					invariants: "I1 I2 I3 I4 I5 I8 I9",
					recoveryMs: null,
					notes: `${engineStatements.length} statements struck within ${Math.round(struckMs / 1000)} s, ${jobs.length} jobs, one charge each`,
				});
			} finally {
				await stage.close();
			}
		});
	},
);

const promptOf = (name: string) => `the part named ${name}.`;

async function writeScripts({ simulator }: StatementStage) {
	for (const [name, { script }] of cast) {
		if (script === undefined) continue;
		await simulator("/scripts", {
			match: { prompt: promptOf(name) },
			...script,
		});
	}
}

/** Nothing is submitted for a while, so that what waits can be rung for again. */
const holdUp = ({ sql }: StatementStage) =>
	sql("update governor set blocked_until = now() + interval '1 hour'");

const letGo = ({ sql }: StatementStage) =>
	sql("update governor set blocked_until = now()");

/** Every job of the cast, each asked for until it is taken, and then once more. */
async function createAll(
	stage: StatementStage,
): Promise<Record<PartName, string>> {
	const ids = await Promise.all(
		cast.map(async ([name, { body }]) => {
			const input = { prompt: promptOf(name), duration: 3 };
			const asked = { body: { input, timeout_s: 3600, ...body } };
			const id = await askUntilTaken(stage, name, asked);
			expect(await askUntilTaken(stage, name, asked)).toBe(id);
			return [name, id];
		}),
	);
	const [{ count }] = (await stage.sql(
		"select count(*)::int as count from job",
	)) as [{ count: number }];
	expect(count).toBe(cast.length);
	return Object.fromEntries(ids);
}

async function ringAgain(stage: StatementStage, strikes: Strikes) {
	await stage.sql("update job set hinted_at = null where ready");
	await eventually(
		() => expect(strikes.left()).not.toContain("mark rings"),
		patience,
	);
	await letGo(stage);
}

/** Makes time pass for the job where its part needs it. */
async function play(
	stage: StatementStage,
	name: PartName,
	ids: Record<PartName, string>,
) {
	const id = ids[name];
	const reach = (state: string) =>
		eventually(
			async () => expect((await stage.job(id)).state).toBe(state),
			patience,
		);
	const end = (column: string, where: string) =>
		stage.sql(
			`update submission set ${column} = now() - interval '1 s' where job_id = $1 and ${where}`,
			[id],
		);
	switch (name) {
		case "unfunded":
			// A probe would go through by itself, half a minute later.
			await untilRefused(stage, id);
			await letGo(stage);
			return;
		case "rescued":
			await untilSent(stage, name);
			// Again and again, for its worker lives and renews it.
			await eventually(async () => {
				await end("lease_until", "lease_until is not null");
				expect((await stage.job(id)).state).toBe("unknown");
			}, patience);
			return;
		case "late":
			await reach("rendering");
			await end("callback_due_at", "live");
			return;
		case "lapsing":
			await reach("rendering");
			await end("callback_due_at", "live");
			await reach("overdue");
			await end("callback_due_at", "live");
			return;
		case "resubmitted":
			await reach("unknown");
			await end("callback_due_at", "live");
			return;
		case "expiring":
			await stage.sql(
				"update job set not_before = now() - interval '2 s', start_by = now() - interval '1 s' where id = $1",
				[id],
			);
			return;
		case "cancelled":
			await eventually(async () => {
				const { status } = await stage.api(`/v1/jobs/${id}/cancel`, {
					body: {},
				});
				expect(status).toBe(200);
			}, patience);
			return;
	}
}

/** The provider has seen it; of a claim whose answer was lost it has not. */
async function untilSent({ simulator }: StatementStage, name: PartName) {
	const prompt = encodeURIComponent(promptOf(name));
	await eventually(async () => {
		const { posts } = await simulator(`/ledger?prompt=${prompt}`);
		expect(posts).toHaveLength(1);
	}, patience);
}

async function untilRefused({ sql }: StatementStage, id: string) {
	await eventually(async () => {
		const refused = await sql(
			"select from timeline where job_id = $1 and type = 'requeued' and data->>'reason' like '%funds'",
			[id],
		);
		expect(refused).not.toEqual([]);
	}, patience);
}

async function loseIdempotencyKey(stage: StatementStage, id: string) {
	await stage.sql(
		"update job set created_at = created_at - interval '25 hours' where id = $1",
		[id],
	);
}

function expectEnds(jobs: JsonAnswer[], ids: Record<PartName, string>) {
	const stateOf = new Map(jobs.map((job) => [job.id, job.state]));
	const ends = cast.map(([name]) => [name, stateOf.get(ids[name])]);
	const expected = cast.map(([name, { ends = "succeeded" }]) => [name, ends]);
	expect(ends).toEqual(expected);
}

/** By the provider's own ledger: whoever was sent was taken once and charged once. */
async function expectOneCharge(
	stage: StatementStage,
	ids: Record<PartName, string>,
) {
	const { posts } = await stage.simulator("/ledger?limit=1000");
	const submissions = await stage.sql("select id, job_id from submission");
	for (const [name, { isUnsent = false }] of cast) {
		const own = submissions.filter(({ job_id }) => job_id === ids[name]);
		const charged = posts.filter(
			(post: JsonAnswer) =>
				post.charged && own.some(({ id }) => post.callback_url?.includes(id)),
		);
		expect({ name, charges: charged.length }).toEqual({
			name,
			charges: isUnsent ? 0 : 1,
		});
	}
}
