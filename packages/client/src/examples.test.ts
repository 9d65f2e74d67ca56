import {
	createWebhookSecret,
	signWebhook,
} from "@reelay/shared/signing/standard-webhooks";
import { afterEach, describe, expect, it } from "vitest";
import type { WebhookEvent } from "./index.ts";
import { type Receiver, receivers } from "./testing/receivers.ts";

const secret = createWebhookSecret();
const closing: Receiver[] = [];

afterEach(async () => {
	await Promise.all(closing.splice(0).map((receiver) => receiver.close()));
});

const event = {
	type: "video.succeeded",
	timestamp: "2026-01-02T03:04:05.678Z",
	data: { id: "job_1", state: "succeeded", note: "große 🎬" },
};

function signed(body: string, ageS = 0) {
	const timestamp = Math.floor(Date.now() / 1000) - ageS;
	const webhook = { id: "evt_1", timestamp, body, secrets: [secret] };
	return { ...signWebhook(webhook), "content-type": "application/json" };
}

describe.each(Object.entries(receivers))(
	"the example for %s",
	(_name, start) => {
		async function open(onEvent?: (event: WebhookEvent) => void) {
			const events: WebhookEvent[] = [];
			const receiver = await start({
				secret,
				onEvent: onEvent ?? ((one) => void events.push(one)),
			});
			closing.push(receiver);
			return { receiver, events };
		}

		it("answers a good webhook with 200 and passes its event on once", async () => {
			const { receiver, events } = await open();
			const body = JSON.stringify(event);

			const answer = await receiver.post(body, signed(body));

			expect(answer.status).toBe(200);
			expect(events).toEqual([{ id: "evt_1", ...event }]);
		});

		it("takes a body of 512 kB", async () => {
			const { receiver, events } = await open();
			const data = { text: "x".repeat(512 * 1024) };
			const body = JSON.stringify({ ...event, data });

			const answer = await receiver.post(body, signed(body));

			expect(answer.status).toBe(200);
			expect(events).toEqual([{ id: "evt_1", ...event, data }]);
		});

		it("answers a changed byte with 400 and passes nothing on", async () => {
			const { receiver, events } = await open();
			const body = JSON.stringify(event);

			const answer = await receiver.post(
				body.replace("succeeded", "succeedee"),
				signed(body),
			);

			expect(answer.status).toBe(400);
			expect(await answer.text()).toBe("no_match");
			expect(events).toEqual([]);
		});

		it("answers an old webhook with 400 and passes nothing on", async () => {
			const { receiver, events } = await open();
			const body = JSON.stringify(event);

			const answer = await receiver.post(body, signed(body, 600));

			expect(answer.status).toBe(400);
			expect(await answer.text()).toBe("too_old");
			expect(events).toEqual([]);
		});

		it("answers a repeat with 200 and does not pass it on again", async () => {
			const { receiver, events } = await open();
			const body = JSON.stringify(event);
			await receiver.post(body, signed(body, 5));

			const answer = await receiver.post(body, signed(body));

			expect(answer.status).toBe(200);
			expect(events).toHaveLength(1);
		});

		it("does not take for a repeat what failed the first time", async () => {
			let calls = 0;
			const { receiver } = await open(() => {
				calls += 1;
				if (calls === 1) throw new Error("the table is locked");
			});
			const body = JSON.stringify(event);
			const first = await receiver.post(body, signed(body)).then(
				({ status }) => status,
				() => "thrown, which Next answers with 500",
			);

			const answer = await receiver.post(body, signed(body));

			expect(first).not.toBe(200);
			expect(answer.status).toBe(200);
			expect(calls).toBe(2);
		});
	},
);
