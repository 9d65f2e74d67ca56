import { z } from "zod";
import { eventTypes } from "../domain/event.ts";
import {
	type ReplayRecord,
	replayProgress,
	replayStates,
} from "../domain/replay.ts";
import { idSchema, instant } from "./ids.ts";

/** A replay: how far it is, and what it sends again. */
export const replayViewSchema = z
	.strictObject({
		id: idSchema("replay"),
		endpoint_id: idSchema("endpoint"),
		state: z.enum(replayProgress),
		types: z.array(z.enum(eventTypes)),
		states: z.array(z.enum(replayStates)).meta({
			description:
				"Of which deliveries; missing are events that the endpoint was never owed.",
		}),
		since: instant,
		until: instant,
		progress: z.strictObject({
			sent: z.int().meta({ description: "Those that are due, or were sent." }),
			total: z.int().meta({ description: "Counted when it began." }),
		}),
		created_at: instant,
		finished_at: instant.nullable(),
		links: z.strictObject({
			self: z.string(),
			pause: z.string(),
			resume: z.string(),
			cancel: z.string(),
		}),
	})
	.meta({ id: "Replay" });
export type ReplayView = z.infer<typeof replayViewSchema>;

/** What a replay would do. */
export const replayCountSchema = z
	.strictObject({ dry_run: z.literal(true), would_send: z.int() })
	.meta({ id: "ReplayCount" });

/** A replay as the API shows it; `total` was counted when it began, and `sent` are those that are due or were sent. */
export function presentReplay(replay: ReplayRecord): ReplayView {
	const self = `/v1/replays/${replay.id}`;
	return {
		id: replay.id,
		endpoint_id: replay.endpoint_id,
		state: replay.state,
		types: replay.types as ReplayView["types"],
		states: replay.states as ReplayView["states"],
		since: replay.since.toISOString(),
		until: replay.until.toISOString(),
		progress: { sent: replay.sent, total: replay.total },
		created_at: replay.created_at.toISOString(),
		finished_at: replay.finished_at?.toISOString() ?? null,
		links: {
			self,
			pause: `${self}/pause`,
			resume: `${self}/resume`,
			cancel: `${self}/cancel`,
		},
	};
}
