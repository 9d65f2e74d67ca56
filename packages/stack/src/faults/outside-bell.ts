import { randomUUID } from "node:crypto";
import { type BellSettings, openRingQueue } from "@reelay/shared/queue/backend";
import { eventually } from "@reelay/shared/testing/eventually";
import { expect } from "vitest";

/** The queue of a stage's rings, seen and rung from outside its processes. */
export type OutsideBell = {
	/** Puts messages of any content on the queue, each under an id of its own, so that none absorbs another. */
	send(contents: readonly unknown[]): Promise<string[]>;
	/** Waits until no message waits and none is being heard. */
	drained(timeoutMs?: number): Promise<void>;
	/** Waits until a new ring is taken by the engine and heard by a worker; returns after how many milliseconds. */
	heardAgain(timeoutMs?: number): Promise<number>;
	close(): Promise<void>;
};

type WholeQueue = {
	addBulk(
		messages: { name: string; data: unknown; opts: { jobId: string } }[],
	): Promise<unknown>;
	getJobCounts(...states: string[]): Promise<Record<string, number>>;
	getJob(id: string): Promise<unknown>;
};

/** Opens the queue that these settings name. */
export function openOutsideBell(settings: BellSettings): OutsideBell {
	const { queue, close } = openRingQueue(settings, () => {});
	// Our own type of it names only what rings need.
	const whole = async () => (await queue()) as unknown as WholeQueue;
	const send = async (contents: readonly unknown[]) => {
		const messages = contents.map((data) => ({
			name: "outside",
			data,
			opts: { jobId: `outside-${randomUUID()}` },
		}));
		await (await whole()).addBulk(messages);
		return messages.map(({ opts }) => opts.jobId);
	};
	const expectEmpty = async () => {
		const counts = await (await whole()).getJobCounts("wait", "active");
		expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(0);
	};
	return {
		send,
		drained: (timeoutMs = 60_000) => eventually(expectEmpty, { timeoutMs }),
		async heardAgain(timeoutMs = 10_000) {
			const askedAt = Date.now();
			const ring = { v: 1, kind: "submit", id: `job_${randomUUID()}` };
			const [id = ""] = await eventually(() => send([ring]), { timeoutMs });
			const left = Math.max(1_000, timeoutMs - (Date.now() - askedAt));
			// What was heard is removed. Others may still be locked by a consumer that was cut off.
			await eventually(
				async () => expect(await (await whole()).getJob(id)).toBeUndefined(),
				{ timeoutMs: left },
			);
			return Date.now() - askedAt;
		},
		close,
	};
}
