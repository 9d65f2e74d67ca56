import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EventType, eventTypes } from "../domain/event.ts";
import { insertBatch, insertJob } from "../store/accept.ts";
import { recordAttempt } from "../store/attempts.ts";
import { finishBatches } from "../store/batches.ts";
import type { Database } from "../store/database.ts";
import { claimDueDeliveries } from "../store/deliveries.ts";
import { insertTestEvent } from "../store/delivery-log.ts";
import { applyCancel } from "../store/jobs.ts";
import { expireQueued } from "../store/ready.ts";
import { settleSubmission } from "../store/settle.ts";
import { markOverdue } from "../store/submission-sweeps.ts";
import { acceptSubmission } from "../store/submissions.ts";
import {
	aJob,
	aNewBatch,
	aNewJob,
	anEndpoint,
	submissionOf,
} from "../testing/factories.ts";
import { aFailure, anAttempt, anError, aSuccess } from "../testing/reports.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { eventBody } from "./event.ts";
import {
	eventCatalogue,
	eventExample,
	feedEventSchema,
	listEventTypes,
} from "./event-catalogue.ts";
import { sampleData } from "./event-samples.ts";
import { exampleIds } from "./ids.ts";
import { jobSchema } from "./job-view.ts";

let store: TestStore;
/** Every body that a worker would send after all that can happen to a job has happened, by its type. */
let sent: Map<string, { type: string; data: object }[]>;
beforeAll(async () => {
	store = await openTestStore();
	sent = await sendEverything(store);
});
afterAll(() => store.close());

async function sendEverything({ db, tenantId }: TestStore) {
	const endpoint = await anEndpoint(store, { events: ["*"], concurrency: 50 });
	await insertJob(db, aNewJob(store));
	const submitting = submissionOf(await aJob(store, { state: "submitting" }));
	await acceptSubmission(db, {
		submissionId: submitting,
		taskId: "t",
		httpStatus: 200,
		callback: null,
	});
	await settleSubmission(db, aSuccess(submitting));
	const failed = submissionOf(await aJob(store, { state: "overdue" }));
	await settleSubmission(db, aFailure(failed));
	await settleSubmission(db, aSuccess(failed));
	const paid = await aJob(store, { state: "rendering", cancelRequested: true });
	await settleSubmission(db, aSuccess(submissionOf(paid)));
	await applyCancel(db, tenantId, (await aJob(store)).id);
	await aJob(store, { startByInS: -1 });
	await expireQueued(db, 10, anError("start_deadline_passed"));
	await aJob(store, { state: "rendering", callbackDueInS: -1 });
	await markOverdue(db, 10);
	const batch = await insertBatch(
		db,
		aNewBatch(store, { metadata: { campaign: "spring" } }),
		[aNewJob(store)],
	);
	await applyCancel(db, tenantId, String(batch?.jobs.get(0)?.id));
	await finishBatches(db, 10);
	for (const type of eventTypes) {
		const data = sampleData(type, endpoint.id);
		await insertTestEvent(db, {
			tenantId,
			endpointId: endpoint.id,
			type,
			data,
		});
	}
	const bodies = await sendDue(db);
	return new Map(
		eventTypes.map((type) => [
			type as string,
			bodies.filter((body) => body.type === type),
		]),
	);
}

/** The bodies of all that is due, a few at a time, as the lanes allow. */
async function sendDue(
	db: Database,
): Promise<{ type: string; data: object }[]> {
	const claimed = await claimDueDeliveries(db, "w", 50);
	if (claimed.length === 0) return [];
	for (const delivery of claimed) {
		await recordAttempt(db, anAttempt(delivery, { outcome: "delivered" }));
	}
	const bodies = claimed.map(({ event_type, event_at, ...rest }) =>
		JSON.parse(eventBody({ ...rest, type: event_type, at: event_at })),
	);
	return [...bodies, ...(await sendDue(db))];
}

function compile(type: EventType) {
	const ajv = new Ajv2020({ strict: false });
	formats.default(ajv);
	const shown = listEventTypes().find((entry) => entry.type === type);
	return ajv.compile(shown?.schema ?? {});
}

describe("the event catalogue", () => {
	it.each(eventTypes)(
		"describes every body of %s that is sent, a sample's too",
		(type) => {
			const bodies = sent.get(type) ?? [];
			const validate = compile(type);

			// A ping is only ever a sample; of all else one is a sample and one is not.
			expect(bodies.length).toBeGreaterThanOrEqual(
				type === "webhook.ping" ? 1 : 2,
			);
			for (const body of bodies) {
				expect(validate(body), JSON.stringify(validate.errors)).toBe(true);
				expect(eventCatalogue[type].body.parse(body)).toEqual(body);
				if (type.startsWith("video.")) jobSchema.parse(body.data);
			}
		},
	);

	it.each(eventTypes)("takes no body of another type for %s", (type) => {
		const validate = compile(type);

		for (const [other, [body]] of sent) {
			if (other === type) continue;
			expect(validate(body)).toBe(false);
			// A surplus result tells of a job in any final state, and is told apart by its type alone.
			if ([type, other].includes("video.surplus_result")) continue;
			expect(validate({ ...body, type })).toBe(false);
		}
	});

	it.each(eventTypes)(
		"has an example of %s, a version and a meaning",
		(type) => {
			const { version, tells, body } = eventCatalogue[type];

			expect(compile(type)(eventExample(type))).toBe(true);
			expect(body.safeParse(eventExample(type)).success).toBe(true);
			expect(version).toBeGreaterThanOrEqual(1);
			expect(tells).toMatch(/^[A-Z].*\.$/);
		},
	);

	it("lets data gain fields without a new version, for readers who ignore them", () => {
		const body = eventExample("video.succeeded") as { data: object };
		const later = { ...body, data: { ...body.data, later: 1 }, later: 1 };

		expect(compile("video.succeeded")(later)).toBe(true);
	});

	it("describes an event of the feed as well", () => {
		for (const bodies of sent.values()) {
			for (const body of bodies) {
				const event = { ...body, id: exampleIds.event, test: false };
				expect(feedEventSchema.parse(event)).toEqual(event);
			}
		}
	});
});
