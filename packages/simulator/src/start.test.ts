import { expect, it } from "vitest";
import { setStage } from "./testing/stage.ts";
import { until } from "./testing/until.ts";

it("closes twice, with answers open and callbacks owed, and sends nothing more", async () => {
	const { simulator, receiver, post } = await setStage();
	const hanging = [1, 2].map(() =>
		post({ sim: { fault: "hang", render_ms: 20 } }).catch(() => "closed"),
	);
	const owing = await post({
		sim: { answer: "immediate", callback: { delay_ms: 60_000 } },
	});
	await until(() => simulator.ledger.totals.accepted_posts === 3);

	await simulator.close();
	await simulator.close();

	const sentBefore = simulator.ledger.totals.callbacks_sent;
	expect(await Promise.all(hanging)).toEqual(["closed", "closed"]);
	expect(owing.status).toBe(200);
	expect(simulator.ledger.totals.max_open_posts).toBeGreaterThanOrEqual(2);
	expect(simulator.ledger.totals.callbacks_sent).toBe(sentBefore);
	await receiver.close();
});

it("drops, on reset, the retries of callbacks that were under way", async () => {
	const { simulator, receiver, post, close } = await setStage({
		behaviour: { callback: { retry_delay_ms: 1, max_attempts: 20 } },
	});
	receiver.answerWith(...Array.from({ length: 1000 }, () => 500));
	await post();
	await until(() => simulator.ledger.totals.callbacks_sent > 1);

	simulator.control.reset();

	expect(simulator.ledger.totals.callbacks_sent).toBe(0);
	const fresh = await post({ sim: { callback: { lose: true } } });
	expect(fresh.status).toBe(200);
	expect(simulator.ledger.totals).toMatchObject({
		posts: 1,
		callbacks_sent: 0,
	});
	await close();
});

it("sends callbacks again after a reset", async () => {
	const { simulator, receiver, post, close } = await setStage();
	simulator.control.reset();

	await post();

	expect(await receiver.arrival(1)).toHaveLength(1);
	await close();
});
