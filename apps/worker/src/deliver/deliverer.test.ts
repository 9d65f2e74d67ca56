import type { ClaimedDelivery } from "@reelay/shared/store/deliveries";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { describe, expect, it } from "vitest";
import { createDeliverer } from "./deliverer.ts";

/** Lets every promise that can settle do so. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A deliverer over so many deliveries that are due, whose attempts end when the test says so. */
function setStage(due: number) {
	const log = createMemoryLog();
	const open = new Map<string, (error?: Error) => void>();
	const stage = {
		due,
		log,
		open,
		limits: [] as number[],
		most: 0,
		isAway: false,
		end(id: string, error?: Error) {
			open.get(id)?.(error);
			open.delete(id);
		},
	};
	const deliverer = createDeliverer({
		async claim(limit) {
			stage.limits.push(limit);
			if (stage.isAway) throw new Error("away");
			const taken = Math.min(limit, stage.due);
			stage.due -= taken;
			return Array.from({ length: taken }, (_, index) => {
				const id = `dlv_${due - stage.due - taken + index + 1}`;
				return { id } as ClaimedDelivery;
			});
		},
		deliver: ({ id }) =>
			new Promise((resolve, reject) => {
				open.set(id, (error) => (error ? reject(error) : resolve()));
				stage.most = Math.max(stage.most, open.size);
			}),
		logger: log.logger,
		maxInFlight: 3,
	});
	return Object.assign(stage, { deliverer });
}

describe("createDeliverer", () => {
	it("claims as many as fit, and what fits again as attempts end", async () => {
		const stage = setStage(7);

		stage.deliverer.wake();
		await settle();
		const first = [...stage.open.keys()];
		for (const id of first) stage.end(id);
		await settle();

		expect(first).toEqual(["dlv_1", "dlv_2", "dlv_3"]);
		expect([...stage.open.keys()]).toEqual(["dlv_4", "dlv_5", "dlv_6"]);
	});

	it("ends all that are due, never more at once than fit", async () => {
		const stage = setStage(50);

		for (let n = 1; n <= 50; n += 1) {
			stage.deliverer.wake();
			await settle();
			stage.end(`dlv_${n}`);
		}
		await settle();

		expect(stage.most).toBe(3);
		expect(stage.due).toBe(0);
		expect(stage.deliverer.inFlight()).toBe(0);
	});

	it("fills the places of attempts that end together with one claim", async () => {
		const stage = setStage(9);
		stage.deliverer.wake();
		await settle();

		for (const id of [...stage.open.keys()]) stage.end(id);
		await settle();

		expect(stage.limits).toEqual([3, 3]);
		expect(stage.open.size).toBe(3);
	});

	it("asks once more, and only once, for a hundred calls while it claims", async () => {
		const stage = setStage(0);

		for (let wakes = 0; wakes < 100; wakes += 1) stage.deliverer.wake();
		await settle();

		expect(stage.limits).toEqual([3, 3]);
	});

	it("logs a claim that fails, and works at the next wake", async () => {
		const stage = setStage(1);
		stage.isAway = true;
		stage.deliverer.wake();
		await settle();

		stage.isAway = false;
		stage.deliverer.wake();
		await settle();

		expect(stage.log.lines("deliveryClaim.failed")).toHaveLength(1);
		expect(stage.open.size).toBe(1);
	});

	it("logs an attempt that could not be written, and frees its place", async () => {
		const stage = setStage(4);
		stage.deliverer.wake();
		await settle();

		stage.end("dlv_1", new Error("away"));
		await settle();

		expect(stage.log.lines("delivery.recordFailed")).toMatchObject([
			{ delivery_id: "dlv_1" },
		]);
		expect([...stage.open.keys()]).toEqual(["dlv_2", "dlv_3", "dlv_4"]);
	});

	it("waits, when it stops, for the attempts under way, and claims nothing more", async () => {
		const stage = setStage(10);
		stage.deliverer.wake();
		await settle();
		let isStopped = false;

		const stopped = stage.deliverer.stop().then(() => {
			isStopped = true;
		});
		stage.deliverer.wake();
		await settle();
		const wasStoppedEarly = isStopped;
		for (const id of [...stage.open.keys()]) stage.end(id);
		await stopped;

		expect(wasStoppedEarly).toBe(false);
		expect(stage.due).toBe(7);
	});
});
