import { exampleCallbackId, exampleIds } from "@reelay/shared/contracts/ids";
import type {
	Example,
	Operation,
} from "@reelay/shared/contracts/operations/operation";
import { exampleSince } from "@reelay/shared/contracts/samples";
import type { JobState } from "@reelay/shared/domain/job";
import { insertBatch } from "@reelay/shared/store/accept";
import { recordAttempt } from "@reelay/shared/store/attempts";
import type { Database } from "@reelay/shared/store/database";
import { claimDueDeliveries } from "@reelay/shared/store/deliveries";
import { settleSubmission } from "@reelay/shared/store/settle";
import {
	aJob,
	aNewBatch,
	aNewJob,
	anEndpoint,
	aTenant,
	submissionOf,
} from "@reelay/shared/testing/factories";
import { aQuarantined } from "@reelay/shared/testing/quarantined";
import { anAttempt, aSuccess } from "@reelay/shared/testing/reports";
import type { Answer, ApiStage, RequestOptions } from "./stage.ts";
import { type StageOptions, setStage } from "./stage.ts";

/** A row of every kind, by the names that examples give them. */
export type Scene = Record<keyof typeof exampleIds, string> & {
	callback?: string;
};

const jobStates: Readonly<Record<string, JobState>> = {
	cancelJob: "queued",
	retryJob: "failed",
	resolveJob: "unknown",
};

export type WorkingStage = ApiStage & {
	/** Resolves when every attempt that was rung for has been made. */
	rest(): Promise<void>;
};

/** A stage whose deliveries are attempted as soon as they are rung for, as a worker would. */
export async function setWorkingStage(
	options: StageOptions = {},
): Promise<WorkingStage> {
	let work: Promise<void> = Promise.resolve();
	const stage = await setStage({
		...options,
		ringer: {
			enqueue(kind) {
				if (kind === "deliver") work = work.then(() => attemptDue(stage.db));
			},
		},
	});
	return { ...stage, rest: () => work };
}

/** Takes all that is due, a few at a time as the lanes allow, and writes down that it arrived. */
async function attemptDue(db: Database): Promise<void> {
	const claimed = await claimDueDeliveries(db, "w", 10);
	if (claimed.length === 0) return;
	for (const delivery of claimed) {
		const delivered = { outcome: "delivered", status: 204 } as const;
		await recordAttempt(db, anAttempt(delivery, delivered));
	}
	await attemptDue(db);
}

/** Rows for one operation to work on: a job that suits it, and an endpoint with an event, a delivery and a replay. */
export async function setScene(
	stage: ApiStage,
	operation: Operation,
): Promise<Scene> {
	// Before there is an endpoint, which would hear of its job.
	const batch = await aBatch(stage);
	const endpoint = await anEndpoint(stage.store, { events: ["*"] });
	const ended = await aJob(stage.store, { state: "rendering" });
	await settleSubmission(stage.db, aSuccess(submissionOf(ended)));
	await attemptDue(stage.db);
	const state = jobStates[operation.id];
	const job = state === undefined ? ended : await aJob(stage.store, { state });
	const [row] = await stage.db.$queryRaw<{ id: string; event_id: string }[]>`
		select id, event_id from delivery where endpoint_id = ${endpoint.id}`;
	const self = `/v1/endpoints/${endpoint.id}`;
	const secret = await stage.request(`${self}/secrets`, { body: {} });
	const replay = await stage.request(`${self}/replays`, {
		body: { since: anHourAgo() },
	});
	const key = await stage.request("/v1/keys", {
		body: { name: "scene", scopes: ["jobs:read"] },
	});
	if (operation.tag === "Money") {
		const options = { method: "PUT", body: { limit_points: 2_000 } };
		await stage.request(`/v1/budgets/${key.json.id}/day`, options);
	}
	return {
		...exampleIds,
		key: key.json.id,
		tenant: await aTenant(stage.store),
		job: job.id,
		submission: submissionOf(ended),
		event: String(row?.event_id),
		delivery: String(row?.id),
		endpoint: endpoint.id,
		replay: replay.json.id,
		secret: secret.json.id,
		batch,
		callback: (await aQuarantined(stage.store)).id,
	};
}

/** A batch of one job. */
async function aBatch({ store, db }: ApiStage): Promise<string> {
	const created = await insertBatch(db, aNewBatch(store), [aNewJob(store)]);
	return String(created?.batch.id);
}

/** Sends an example with the scene's ids in the places of its own, and whatever else is to be different. */
export function sendExample(
	stage: ApiStage,
	operation: Operation,
	sent: { example: Example; scene: Scene } & RequestOptions,
): Promise<Answer> {
	const { example, scene, ...options } = sent;
	const { path, query, headers, body } = inScene(example, scene);
	const route = operation.route.replaceAll(
		/\{(\w+)\}/g,
		(_braces, name: string) => path?.[name] ?? "",
	);
	const search = new URLSearchParams(query);
	return stage.request(search.size === 0 ? route : `${route}?${search}`, {
		method: operation.method.toUpperCase(),
		...(body === undefined ? {} : { body }),
		...options,
		headers: { ...headers, ...options.headers },
	});
}

function inScene(example: Example, scene: Scene): Example {
	let text = JSON.stringify(example);
	for (const [kind, id] of Object.entries(exampleIds)) {
		text = text.replaceAll(id, scene[kind as keyof typeof exampleIds]);
	}
	if (scene.callback !== undefined) {
		text = text.replaceAll(exampleCallbackId, scene.callback);
	}
	return JSON.parse(text.replaceAll(exampleSince, anHourAgo()));
}

function anHourAgo(): string {
	return new Date(Date.now() - 3_600_000).toISOString();
}
