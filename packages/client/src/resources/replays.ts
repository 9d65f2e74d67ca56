import type { Replay } from "../generated/api.ts";
import type { RequestOptions, Transport } from "../transport/transport.ts";

/** What `reelay.replays` can do. */
export type Replays = ReturnType<typeof createReplays>;

/** The routes of /v1/replays. */
export function createReplays(transport: Transport) {
	const to =
		(
			operation: "getReplay" | "pauseReplay" | "resumeReplay" | "cancelReplay",
		) =>
		async (id: string, options?: RequestOptions): Promise<Replay> => {
			// Each asks for a state, which it stays in.
			const repeatable = { ...options, isRepeatable: true };
			return (await transport.call(operation, { path: { id } }, repeatable))
				.body;
		};
	return {
		/** How far it is. */
		get: to("getReplay"),
		pause: to("pauseReplay"),
		resume: to("resumeReplay"),
		cancel: to("cancelReplay"),
	};
}
