import { presentJob } from "@reelay/shared/contracts/job-view";
import { seal } from "@reelay/shared/signing/sealing";
import { findViolations } from "@reelay/shared/testing/audit";
import type { TestJob } from "@reelay/shared/testing/factories";
import { clearTestStore } from "@reelay/shared/testing/store";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
	type DeliveryStage,
	keyring,
	secret,
	setStage,
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

describe("the request", () => {
	it("is signed over the bytes that were sent, and shows the job as GET does", async () => {
		const job = await stage.aDelivery();

		await stage.attempt();

		const [request] = await stage.receiver.arrival(1);
		const headers = request?.headers as Record<string, string>;
		const event = new Webhook(secret).verify(request?.body ?? "", headers);
		expect(event).toEqual({
			type: "video.succeeded",
			timestamp: expect.any(String),
			data: JSON.parse(JSON.stringify(await view(job))),
		});
		expect(request).toMatchObject({ method: "POST", path: "/hook" });
		expect(headers).toMatchObject({
			"content-type": "application/json",
			"webhook-id": expect.stringMatching(/^evt_/),
		});
	});

	it("is refused by a verifier when a byte of it is changed", async () => {
		await stage.aDelivery();
		const before = stage.receiver.requests.length;

		await stage.attempt();

		const request = stage.receiver.requests[before];
		const headers = request?.headers as Record<string, string>;
		const forged = request?.body.replace("succeeded", "successed") ?? "";
		expect(() => new Webhook(secret).verify(forged, headers)).toThrow();
	});

	it("carries the same id and the same bytes on every attempt, and a timestamp of its own", async () => {
		await stage.aDelivery();
		const before = stage.receiver.requests.length;
		stage.receiver.answerWith({ status: 500 }, { status: 500 });

		for (let n = 1; n <= 3; n += 1) {
			await stage.attempt();
			await stage.makeDue();
		}

		const sent = stage.receiver.requests.slice(before);
		expect(sent).toHaveLength(3);
		expect(new Set(sent.map(({ headers }) => headers["webhook-id"])).size).toBe(
			1,
		);
		expect(new Set(sent.map(({ body }) => body)).size).toBe(1);
		for (const { body, headers } of sent) {
			new Webhook(secret).verify(body, headers as Record<string, string>);
		}
	});

	it("is signed with every secret that is valid, while one is being replaced", async () => {
		const newer = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
		const sealed = seal(newer, keyring, stage.store.tenantId);
		await stage.store.db.$executeRaw`
			insert into webhook_secret (id, tenant_id, sealed) values ('sec_newer', ${stage.store.tenantId}, ${sealed})`;
		await stage.aDelivery();
		const before = stage.receiver.requests.length;

		await stage.attempt();
		await stage.store.db
			.$executeRaw`delete from webhook_secret where id = 'sec_newer'`;

		const request = stage.receiver.requests[before];
		const headers = request?.headers as Record<string, string>;
		for (const valid of [secret, newer]) {
			new Webhook(valid).verify(request?.body ?? "", headers);
		}
		expect(headers["webhook-signature"]?.split(" ")).toHaveLength(2);
	});
});

async function view({ id }: TestJob) {
	const rows = await stage.store.db.$queryRaw<TestJob[]>`
		select * from job where id = ${id}`;
	const [job] = rows;
	if (job === undefined) throw new Error("no such job");
	return presentJob(job);
}
