import { classifyOutcome, type Outcome } from "../domain/outcome.ts";

/** When the answers of these tests come. */
export const now = new Date("2026-03-23T12:00:00Z");
/** Where a success leads to. */
export const video = "https://cdn.example.com/v/1.mp4";
/** What a body says of a success. */
export const success = {
	task_id: "t1",
	state: "success",
	result_urls: [video],
};

/** What an answer says beside its status. */
export type Said = { body?: unknown; text?: string; retryAfter?: string };

/** What becomes of an answer that came whole. */
export function classify(status: number, said: Said = {}): Outcome {
	const { body, text = "", retryAfter = null } = said;
	return classifyOutcome(
		{ kind: "answered", status, retryAfter, body, text },
		now,
	);
}
