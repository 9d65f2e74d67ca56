import type { ReplayRecord } from "../domain/replay.ts";

/** A replay as the API shows it; `total` was counted when it began, and `sent` are those that are due or were sent. */
export function presentReplay(replay: ReplayRecord) {
	const self = `/v1/replays/${replay.id}`;
	return {
		id: replay.id,
		endpoint_id: replay.endpoint_id,
		state: replay.state,
		types: replay.types,
		states: replay.states,
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
