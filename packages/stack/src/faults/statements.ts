import type { Struck } from "./statement-stage.ts";

/**
 * The statements that a job meets on its way, and those of the sweeps. Not among them: what a start writes, an operator's
 * resolve, a quarantined callback, and the forgetting of rings after Redis was emptied.
 */
export const engineStatements: readonly Struck[] = [
	{ name: "accept", by: "api", piece: "insert into job (id" },
	{ name: "cancel", by: "api", piece: "cancel_requested_at as asked_at" },
	{ name: "claim", by: "worker", piece: "insert into submission (id" },
	{ name: "settle by the answer", by: "worker", piece: "settled as (" },
	{ name: "settle by the callback", by: "webhook", piece: "settled as (" },
	{ name: "accepted by the answer", by: "worker", piece: "accepted as (" },
	{ name: "accepted by progress", by: "webhook", piece: "accepted as (" },
	{ name: "doubt", by: "worker", piece: "doubted as (", not: "lost as (" },
	{
		name: "reject, as an answer's or of a claim that was lost",
		by: "worker",
		piece: "rejected as (",
		not: "counted as (",
	},
	{
		name: "reject again",
		by: "worker",
		piece: "rejected as (",
		not: "counted as (",
	},
	{ name: "reject and count the error", by: "worker", piece: "counted as (" },
	{ name: "mark rings", by: "worker", piece: "set hinted_at = now() from due" },
	{ name: "rescue", by: "worker", piece: "lease_until < now()" },
	{ name: "policies", by: "worker", piece: "'by', 'policy'" },
	{ name: "overdue", by: "worker", piece: "'overdue' from j" },
	{
		name: "lapse",
		by: "worker",
		piece: "callback_due_at <= now() and overdue_at is not null",
	},
	{ name: "expire", by: "worker", piece: "state = 'expired'" },
	{
		name: "free idempotency keys",
		by: "worker",
		piece: "set idem_key = null",
	},
	{ name: "renew leases", by: "worker", piece: "set lease_until = now()" },
	{
		name: "claim deliveries",
		by: "worker",
		piece: "set attempts = attempts + 1",
	},
	{
		name: "give deliveries back",
		by: "worker",
		piece: "set attempts = attempts - 1",
	},
	{ name: "record an attempt", by: "worker", piece: "insert into attempt" },
	{
		name: "block the governor",
		by: "worker",
		piece: "update governor set blocked_until = greatest",
	},
	{
		name: "close the governor",
		by: "worker",
		piece: "update governor set closed_reason = $",
	},
	{
		name: "reopen the governor",
		by: "worker",
		piece: "update governor set closed_reason = null",
	},
];
