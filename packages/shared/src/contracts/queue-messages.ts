import { z } from "zod";

/**
 * A ring: "there is work of this kind". It carries no state, so losing it, doubling it or delaying it changes latency
 * only. The id names the row that was the occasion; whoever hears the ring asks Postgres what is next.
 */
export const ringSchema = z.object({
	v: z.literal(1),
	kind: z.enum(["submit", "deliver"]),
	id: z.string().min(1),
});
export type Ring = z.infer<typeof ringSchema>;

/**
 * The message id of a ring: BullMQ drops a second one while the first still waits, so that ringing again for the same
 * row never piles up. It holds no colon and is never a bare number, which BullMQ would refuse.
 */
export function ringId(ring: Ring): string {
	return `${ring.kind}-${ring.id}`;
}
