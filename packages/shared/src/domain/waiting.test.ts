import { describe, expect, it } from "vitest";
import { decideWaitingFor } from "./waiting.ts";

const now = new Date("2026-01-01T00:00:00Z");
const due = { not_before: now, submitted_at: null };
const open = {
	closed_reason: null,
	blocked_ms: 0,
	grant_in_ms: 0,
	free_slots: 3,
};

describe("decideWaitingFor", () => {
	it("names nothing when the next claim may take the job", () => {
		expect(decideWaitingFor(due, open, now)).toBeNull();
	});

	it("names nothing while no worker has ever said what the limits are", () => {
		expect(decideWaitingFor(due, null, now)).toBeNull();
	});

	it.each([new Date(now.getTime() + 1), "2026-01-01T00:00:00.001Z"])(
		"names run_at before everything else while it lies ahead: %s",
		(not_before) => {
			const closed = {
				...open,
				closed_reason: "funds" as const,
				free_slots: 0,
			};

			const job = { not_before, submitted_at: null };

			expect(decideWaitingFor(job, closed, now)).toBe("run_at");
			expect(decideWaitingFor(job, null, now)).toBe("run_at");
		},
	);

	it("names the backoff of a job that has been sent before", () => {
		const job = { not_before: new Date(now.getTime() + 1), submitted_at: now };

		expect(decideWaitingFor(job, open, now)).toBe("backoff");
	});

	it.each(["funds", "credentials", "errors"] as const)(
		"names a provider that is closed for %s, whatever else holds",
		(closed_reason) => {
			const governor = { ...open, closed_reason, blocked_ms: 5, free_slots: 0 };

			expect(decideWaitingFor(due, governor, now)).toBe(
				`provider_${closed_reason}`,
			);
		},
	);

	it.each([
		{ blocked_ms: 1 },
		{ grant_in_ms: 1 },
		{ blocked_ms: 1, free_slots: 0 },
	])("names the rate limit before a slot: %j", (limit) => {
		expect(decideWaitingFor(due, { ...open, ...limit }, now)).toBe(
			"provider_rate_limit",
		);
	});

	it("names a slot when that is all that is missing", () => {
		expect(decideWaitingFor(due, { ...open, free_slots: 0 }, now)).toBe(
			"free_slot",
		);
	});
});
