import { createSigningKeyPair } from "@reelay/shared/signing/ed25519";
import { seal } from "@reelay/shared/signing/sealing";
import { createWebhookSecret } from "@reelay/shared/signing/standard-webhooks";
import {
	findEndpoint,
	newEndpointId,
	updateEndpoint,
} from "@reelay/shared/store/endpoints";
import { rotateSecret } from "@reelay/shared/store/secrets";
import { settleSubmission } from "@reelay/shared/store/settle";
import { findViolations } from "@reelay/shared/testing/audit";
import {
	aJob,
	anEndpoint,
	submissionOf,
} from "@reelay/shared/testing/factories";
import { aSuccess } from "@reelay/shared/testing/reports";
import { clearTestStore } from "@reelay/shared/testing/store";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
	type DeliveryStage,
	keyring,
	setStage,
	secret as tenantSecret,
} from "../testing/delivery-stage.ts";

let stage: DeliveryStage;
beforeAll(async () => {
	stage = await setStage();
});
afterEach(async () => {
	expect(await findViolations(stage.store.db)).toEqual([]);
	await clearTestStore(stage.store);
});
afterAll(() => stage.close());

const secret = createWebhookSecret();

/** An endpoint at the receiver that is owed the end of one job. */
async function owed(more: { headers?: Record<string, string> } = {}) {
	const { store, receiver } = stage;
	const id = await newEndpointId(store.db);
	const endpoint = await anEndpoint(store, {
		id,
		url: `${receiver.url}/endpoint`,
		sealedSecret: seal(secret, keyring, id),
		sealedHeaders:
			more.headers === undefined
				? null
				: seal(JSON.stringify(more.headers), keyring, id),
	});
	await endJob();
	return endpoint;
}
async function endJob() {
	const job = await aJob(stage.store, { state: "rendering" });
	await settleSubmission(stage.store.db, aSuccess(submissionOf(job)));
}
/** Attempts what is due, and returns what the receiver was sent by it. */
async function sent() {
	const before = stage.receiver.requests.length;
	const attempted = await stage.attempt();
	const request = stage.receiver.requests[before];
	if (request === undefined) throw new Error("nothing was sent");
	return { attempted, request };
}
const reread = (id: string) =>
	findEndpoint(stage.store.db, stage.store.tenantId, id);

describe("what an endpoint is sent", () => {
	it("is signed by its own secret, and by no other of the tenant's", async () => {
		await owed();

		const { request, attempted } = await sent();

		const headers = request.headers as Record<string, string>;
		expect(attempted.state).toBe("delivered");
		expect(request.path).toBe("/endpoint");
		new Webhook(secret).verify(request.body, headers);
		expect(() =>
			new Webhook(tenantSecret).verify(request.body, headers),
		).toThrow();
	});

	it("is signed by a former secret and by a key pair beside it, while they are valid", async () => {
		const { id } = await owed();
		const pair = createSigningKeyPair();
		const added = await rotateSecret(stage.store.db, {
			endpointId: id,
			sealed: seal(pair.secret, keyring, id),
			publicKey: pair.public,
			overlapS: 60,
		});

		const { request } = await sent();

		const signatures = String(request.headers["webhook-signature"]).split(" ");
		expect(added).not.toBeNull();
		expect(signatures.map((one) => one.split(",")[0])).toEqual(["v1a", "v1"]);
		const headers = request.headers as Record<string, string>;
		new Webhook(secret).verify(request.body, headers);
	});

	it("carries its own headers, and never one in the place of ours", async () => {
		await owed({ headers: { "X-Key": "abc", "Content-Type": "text/plain" } });

		const { request } = await sent();

		expect(request.headers).toMatchObject({
			"x-key": "abc",
			"content-type": "application/json",
			"user-agent": expect.stringMatching(/^Reelay/),
		});
	});

	it("goes without headers that no key opens, which the log tells", async () => {
		const { id } = await owed();
		await stage.store.db.$executeRaw`
			update endpoint set sealed_headers = 'v1.gone.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA' where id = ${id}`;

		const { attempted } = await sent();

		expect(attempted.state).toBe("delivered");
		expect(stage.log.lines("delivery.headersSealed")).toMatchObject([
			{ endpoint_id: id },
		]);
	});

	it("follows its own schedule, and is given up at its end", async () => {
		const endpoint = await owed();
		const own = { tenantId: endpoint.tenant_id, id: endpoint.id };
		await updateEndpoint(stage.store.db, own, { scheduleS: [0, 100] });
		stage.receiver.answerWith({ status: 500 }, { status: 500 });

		const first = await stage.attempt();
		await stage.makeDue();
		const second = await stage.attempt();

		expect(first).toMatchObject({ state: "pending" });
		expect(first.due_in_ms).toBeGreaterThan(79_000);
		expect(second).toMatchObject({ state: "exhausted", due_in_ms: null });
	});
});

describe("what an endpoint answers", () => {
	it("with 410 disables it, and what follows is held", async () => {
		const { id } = await owed();
		stage.receiver.answerWith({ status: 410 });

		const { attempted } = await sent();
		await endJob();

		expect(attempted.state).toBe("aborted");
		expect(await reread(id)).toMatchObject({ disabled_reason: "gone" });
		const rows = await stage.store.db.$queryRaw`
			select state from delivery order by id desc limit 1`;
		expect(rows).toEqual([{ state: "held" }]);
	});

	it("may ask for no more, or not for this one again", async () => {
		for (const [instruction, reason] of [
			["disable", "asked"],
			["abort-message", null],
		] as const) {
			const { id } = await owed();
			const headers = { "webhook-delivery": instruction };
			stage.receiver.answerWith({ status: 500, headers });

			const { attempted } = await sent();

			expect(attempted.state).toBe("aborted");
			expect(await reread(id)).toMatchObject({ disabled_reason: reason });
			await clearTestStore(stage.store);
		}
	});

	it("is not asked, and not blamed, while we have no secret to sign with", async () => {
		const { id } = await owed();
		await stage.store.db.$executeRaw`
			update webhook_secret set sealed = replace(sealed, '.k1.', '.k0.') where endpoint_id = ${id}`;
		const before = stage.receiver.requests.length;

		const attempted = await stage.attempt();

		expect(stage.receiver.requests).toHaveLength(before);
		expect(attempted).toMatchObject({
			state: "pending",
			last_error: expect.stringContaining("no_secret"),
		});
		expect(await reread(id)).toMatchObject({ failure_streak: 0 });
	});

	it("is kept with its class, its phases and the URL that was called", async () => {
		const endpoint = await owed();
		stage.receiver.answerWith("reset");

		await sent();

		const [row] = await stage.store.db.$queryRaw<Record<string, unknown>[]>`
			select class, phase, url, timings, next_at is not null as is_next from attempt`;
		expect(row).toMatchObject({
			class: "reset",
			phase: "wait",
			url: endpoint.url,
			timings: { dnsMs: null, tlsMs: null, totalMs: expect.any(Number) },
			is_next: true,
		});
	});
});
