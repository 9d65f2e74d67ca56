import { signWebhook } from "@reelay/shared/signing/standard-webhooks";
import { expect, it, onTestFinished } from "vitest";
import { openReceiver } from "./receiver.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const body = '{"type":"video.succeeded","data":{"id":"job_1"}}';

async function openForTest() {
	const receiver = await openReceiver(secret);
	onTestFinished(receiver.close);
	const post = async (headers: Record<string, string>, sent: string) => {
		const url = `${receiver.url}/jobs/1`;
		return (await fetch(url, { method: "POST", headers, body: sent })).status;
	};
	return { receiver, post };
}

function sign(text: string): Record<string, string> {
	const timestamp = Math.floor(Date.now() / 1000);
	return {
		...signWebhook({ id: "evt_1", timestamp, body: text, secrets: [secret] }),
	};
}

it("keeps a delivery whose signature holds, with its event", async () => {
	const { receiver, post } = await openForTest();

	const status = await post(sign(body), body);

	expect(status).toBe(204);
	expect(receiver.arrivals).toMatchObject([
		{
			path: "/jobs/1",
			eventId: "evt_1",
			refusal: null,
			event: { type: "video.succeeded", data: { id: "job_1" } },
		},
	]);
});

it("verifies the bytes and not what they mean", async () => {
	const { receiver, post } = await openForTest();

	const status = await post(sign(body), body.replace(":", ": "));

	expect(status).toBe(400);
	expect(receiver.arrivals).toMatchObject([
		{ refusal: "No matching signature found", event: null },
	]);
});

it("refuses a delivery without a signature", async () => {
	const { receiver, post } = await openForTest();

	const status = await post({}, body);

	expect(status).toBe(400);
	expect(receiver.arrivals).toMatchObject([
		{ eventId: null, refusal: "Missing required headers", event: null },
	]);
});
