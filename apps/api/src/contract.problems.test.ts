import { exampleIds } from "@reelay/shared/contracts/ids";
import { operations } from "@reelay/shared/contracts/operations/all";
import {
	type Example,
	type Operation,
	problemsOf,
} from "@reelay/shared/contracts/operations/operation";
import { maxEndpoints } from "@reelay/shared/domain/endpoint";
import { type ProblemCode, problems } from "@reelay/shared/domain/errors";
import type { SharedLimit } from "@reelay/shared/limits/rate-limits";
import { claimDueDeliveries } from "@reelay/shared/store/deliveries";
import { eventually } from "@reelay/shared/testing/eventually";
import { aJob, anEndpoint, aTenant } from "@reelay/shared/testing/factories";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { allScopes } from "./middleware/authenticate.ts";
import { type Scene, sendExample, setScene } from "./testing/scenes.ts";
import {
	type Answer,
	type ApiStage,
	type RequestOptions,
	setStage,
} from "./testing/stage.ts";

let stage: ApiStage;
let isBroken = false;
let isSpent = false;
const aLimit = (name: string): SharedLimit => ({
	name,
	rate: { count: 1, windowS: 60 },
	take: async () => ({ isAllowed: !isSpent, remaining: 0, resetMs: 60_000 }),
});
beforeAll(async () => {
	stage = await setStage({
		rateLimits: { writes: aLimit("writes"), reads: aLimit("reads") },
		limits: { maxStreams: 2, maxStreamsOfTenant: 1 },
		onStatement() {
			if (isBroken) throw new Error("a fault of ours");
		},
	});
});
beforeEach(() => clearTestStore(stage.store));
afterAll(() => stage.close());

type Asked = { operation: Operation; example: Example; scene: Scene };
type Provoke = (asked: Asked) => Promise<Answer>;

const send = (
	{ operation, example, scene }: Asked,
	more: RequestOptions = {},
) => sendExample(stage, operation, { example, scene, ...more });
const withHeaders =
	(headers: Record<string, string>, body?: unknown): Provoke =>
	(asked) =>
		send(asked, { headers, ...(body === undefined ? {} : { body }) });
const withPath = (id: string) => (asked: Asked) => {
	const path = Object.fromEntries(
		Object.keys(asked.example.path ?? {}).map((name) => [name, id]),
	);
	return send({ ...asked, example: { ...asked.example, path } });
};
/** With a key that nobody remembers, so that the first thing asked is the database, which is in trouble meanwhile. */
async function sendInTrouble(
	asked: Asked,
	trouble: { begin(): void; end(): void },
): Promise<Answer> {
	const key = await stage.aKey();
	trouble.begin();
	return send(asked, { key }).finally(trouble.end);
}

async function breakRule({ operation, ...asked }: Asked): Promise<Answer> {
	const { body, query } = operation;
	if (body !== undefined) return send({ operation, ...asked }, { body: [] });
	if (query === undefined) throw new Error("there is no rule to break");
	const example = { ...asked.example, query: { nonsense: "1" } };
	return send({ operation, ...asked, example });
}

/** How each code comes about, where the shape of an operation is enough to know. */
const general: Partial<Record<ProblemCode, Provoke>> = {
	unauthorized: (asked) => send(asked, { key: null }),
	async forbidden(asked) {
		const others = allScopes.filter((one) => one !== asked.operation.scope);
		return send(asked, { key: await stage.aKey(stage.store.tenantId, others) });
	},
	async rate_limited(asked) {
		isSpent = true;
		const answer = await send(asked);
		isSpent = false;
		return answer;
	},
	async tenant_disabled(asked) {
		const tenantId = await aTenant(stage.store);
		await stage.db
			.$executeRaw`update tenant set disabled_at = now() where id = ${tenantId}`;
		return send(asked, { key: await stage.aKey(tenantId) });
	},
	malformed_url: withPath("%zz"),
	not_found: (asked) => send({ ...asked, scene: exampleIds }),
	bad_request: withHeaders({ "content-encoding": "gzip" }, "no gzip"),
	malformed_json: withHeaders({}, "{"),
	invalid_request: breakRule,
	body_too_large: (asked) =>
		send(asked, {
			body: JSON.stringify(
				"x".repeat(asked.operation.id === "createBatch" ? 5e6 : 300_000),
			),
		}),
	unsupported_charset: withHeaders({
		"content-type": "application/json; charset=latin1",
	}),
	unsupported_encoding: withHeaders({ "content-encoding": "compress" }),
	unsupported_media_type: withHeaders({ "content-type": "text/plain" }),
	internal_error: (asked) =>
		sendInTrouble(asked, {
			begin() {
				isBroken = true;
			},
			end() {
				isBroken = false;
			},
		}),
	unavailable: (asked) =>
		sendInTrouble(asked, {
			begin: () => stage.network.cut(),
			end: () => stage.network.restore(),
		}),
};

const streaming = { accept: "text/event-stream" };
/** Streams count until the server has noticed that they are gone. */
async function closeAll(open: readonly { close(): void }[]): Promise<void> {
	for (const { close } of open) close();
	await eventually(async () => {
		expect(await stage.metric("streams_open", 'kind="events"')).toBe(0);
	});
}

const endpointPath = (scene: Scene) => `/v1/endpoints/${scene.endpoint}`;

/** How the others do: what has to be there first. */
const particular: Partial<Record<ProblemCode, Provoke>> = {
	async budget_exceeded(asked) {
		const body = { limit_points: 1 };
		await stage.request("/v1/budgets/tenant/day", { method: "PUT", body });
		return send(asked);
	},
	async external_id_taken(asked) {
		await aJob(stage.store, { externalId: "order-7" });
		const body = { input: { prompt: "a" }, external_id: "order-7" };
		return send(asked, { body });
	},
	async idempotency_key_reused(asked) {
		await send(asked);
		const job = { input: { prompt: "another", duration: "5" } };
		const isBatch = asked.operation.id === "createBatch";
		return send(asked, { body: isBatch ? { jobs: [job] } : job });
	},
	async not_retryable(asked) {
		const { id } = await aJob(stage.store, { state: "rendering" });
		return send({ ...asked, scene: { ...asked.scene, job: id } });
	},
	async already_retried(asked) {
		await send(asked);
		return send(asked, { body: { input: { prompt: "another" } } });
	},
	async not_final(asked) {
		const { id } = await aJob(stage.store, { state: "rendering" });
		return send({ ...asked, scene: { ...asked.scene, job: id } });
	},
	async not_resolvable(asked) {
		const { id } = await aJob(stage.store, { state: "succeeded" });
		return send({ ...asked, scene: { ...asked.scene, job: id } });
	},
	async submissions_spent(asked) {
		const spec = { state: "unknown", maxSubmissions: 1 } as const;
		const { id } = await aJob(stage.store, spec);
		const scene = { ...asked.scene, job: id };
		return send({ ...asked, scene }, { body: { outcome: "resubmit" } });
	},
	async too_many_endpoints(asked) {
		for (let n = 1; n < maxEndpoints; n += 1) await anEndpoint(stage.store);
		return send(asked);
	},
	async too_many_secrets(asked) {
		await send(asked);
		return send(asked);
	},
	async last_secret(asked) {
		const path = `${endpointPath(asked.scene)}/secrets`;
		const only = await stage.request(path, { body: { overlap_s: 0 } });
		return send({ ...asked, scene: { ...asked.scene, secret: only.json.id } });
	},
	async not_deliverable(asked) {
		const { delivery } = asked.scene;
		await stage.request(`/v1/deliveries/${delivery}/redeliver`, {
			method: "POST",
		});
		await claimDueDeliveries(stage.db, "w", 1);
		return send(asked);
	},
	async events_removed(asked) {
		await stage.db.$executeRaw`
			insert into feed_mark (tenant_id, position, event_id)
			select tenant_id, position + 1, id from event where id = ${asked.scene.event}`;
		return send(asked);
	},
	async too_many_streams(asked) {
		const open = await stage.stream("/v1/events");
		const answer = await send(asked, { headers: streaming });
		await closeAll([open]);
		return answer;
	},
	async streams_full(asked) {
		const one = { key: await stage.aStrangersKey() };
		const other = { key: await stage.aStrangersKey() };
		const open = [
			await stage.stream("/v1/events", one),
			await stage.stream("/v1/events", other),
		];
		const answer = await send(asked, { headers: streaming });
		await closeAll(open);
		return answer;
	},
	async last_admin_key(asked) {
		const tenantId = await aTenant(stage.store);
		const key = await stage.aKey(tenantId);
		const { json } = await stage.request("/v1/me", { key });
		return send(
			{ ...asked, scene: { ...asked.scene, key: json.key.id } },
			{ key },
		);
	},
	async key_ended(asked) {
		const path = `/v1/keys/${asked.scene.key}`;
		await stage.request(path, { method: "DELETE" });
		return send(asked);
	},
	async tenant_name_taken(asked) {
		const body = { name: "default" };
		return send(asked, { body });
	},
	async replay_ended(asked) {
		const path = `/v1/replays/${asked.scene.replay}/cancel`;
		await stage.request(path, { method: "POST" });
		return send(asked);
	},
};

const refusals = operations.flatMap((operation) =>
	problemsOf(operation).map((code) => ({ operation, code })),
);

describe("every problem that an operation documents", () => {
	it.each(refusals)(
		"can be provoked: $operation.id answers $code",
		async ({ operation, code }) => {
			const [example] = operation.examples;
			const provoke = particular[code] ?? general[code];
			if (example === undefined || provoke === undefined) {
				throw new Error("nobody knows how");
			}
			const scene = await setScene(stage, operation);

			const answer = await provoke({ operation, example, scene });

			expect(answer.json?.code, answer.text).toBe(code);
			expect(answer.status).toBe(problems[code].status);
			expect(answer.headers.has("retry-after")).toBe(
				problems[code].status === 429 ||
					["unavailable", "streams_full"].includes(code),
			);
			expect(answer.headers.has("www-authenticate")).toBe(
				code === "unauthorized",
			);
		},
	);
});
