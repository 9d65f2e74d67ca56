import { ReelayConnectionError, ReelayError } from "../reelay-error.ts";
import { pause } from "./deadline.ts";
import { createPatience } from "./patience.ts";
import { readStream, type StreamId, type StreamInput } from "./stream.ts";
import type { Transport } from "./transport.ts";

export type FollowOptions = {
	signal?: AbortSignal | undefined;
	/** How long to go on without a sign of life from the server; five minutes if left out. */
	outageMs?: number | undefined;
};

type Connection = ReturnType<typeof readStream>;

/**
 * What a stream tells, over as many connections as it takes: each goes on behind the last event that was told, so that
 * nothing is lost and nothing doubled. It ends when the server says that nothing more will come, and throws a ReelayError
 * with `lastEventId` when it will not get further.
 */
export async function* follow<Item, Id extends StreamId>(
	transport: Transport,
	id: Id,
	{ outageMs, ...input }: Omit<StreamInput<Id>, "lastEventId"> & FollowOptions,
): AsyncGenerator<Item, void> {
	const patience = createPatience(outageMs);
	let lastEventId: string | null = null;
	try {
		for (;;) {
			let waitMs = 0;
			try {
				const connection: Connection = readStream(transport, id, {
					...input,
					lastEventId,
				});
				let next = await connection.next();
				try {
					for (; next.done !== true; next = await connection.next()) {
						patience.heard();
						const { event, data } = next.value;
						lastEventId = next.value.lastEventId;
						if (data === null || event === "end") continue;
						yield itemOf<Item>(data);
					}
				} finally {
					// The consumer may have left the loop above.
					await connection.return({ isOver: true, retryMs: 0 });
				}
				if (next.value.isOver) return;
				patience.heard();
				waitMs = next.value.retryMs * (0.5 + Math.random());
			} catch (error) {
				waitMs = patience.pauseMsAfter(error);
			}
			await pause(waitMs, input.signal);
		}
	} catch (error) {
		if (error instanceof ReelayError) error.lastEventId ??= lastEventId;
		throw error;
	}
}

function itemOf<Item>(data: string): Item {
	try {
		return JSON.parse(data) as Item;
	} catch (cause) {
		throw new ReelayConnectionError({
			code: "connection_failed",
			message: "The stream holds what is not JSON: it is not one of Reelay's.",
			retryable: false,
			cause,
		});
	}
}
