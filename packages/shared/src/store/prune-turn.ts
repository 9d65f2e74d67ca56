import type { PrunePlace } from "../domain/retention.ts";
import { pruneKinds } from "../domain/retention.ts";
import type { Database } from "./database.ts";

/** A turn to remove something, and under which lease. */
export type PruneTurn = PrunePlace & { lease: string };

// Longer than any statement may take; whoever dies at it holds it up by no more.
const leaseS = 60;

/**
 * Takes the turn, for this worker alone; null while another has it, or all rest. A place that a later release has left, of a
 * kind that this one does not know, is begun from the first.
 */
export async function takePruneTurn(db: Database): Promise<PruneTurn | null> {
	const rows = await db.$queryRaw<
		{ kind: string; after_id: string; lease: string }[]
	>`
		update prune_turn set next_at = clock_timestamp() + make_interval(secs => ${leaseS}::int)
		where next_at <= clock_timestamp() returning kind, after_id, next_at::text as lease`;
	const [row] = rows;
	if (row === undefined) return null;
	const { lease } = row;
	const kind = pruneKinds.find((one) => one === row.kind);
	return kind === undefined
		? { kind: pruneKinds[0], afterId: "", lease }
		: { kind, afterId: row.after_id, lease };
}

/** Leaves the turn to whoever comes first after the rest; changes nothing when the lease had run out and another has it. */
export async function leavePruneTurn(
	db: Database,
	{ lease }: PruneTurn,
	next: PrunePlace & { restMs: number },
): Promise<void> {
	await db.$executeRaw`
		update prune_turn set kind = ${next.kind}, after_id = ${next.afterId},
			next_at = clock_timestamp() + ${next.restMs}::float8 * interval '1 ms'
		where next_at = ${lease}::timestamptz`;
}
