/** Changes of endpoints, of what they are owed, and of the feed, that the database refuses: the rule, the table, and what is set. */
export const endpointBreaks: readonly [
	constraint: string,
	table: "endpoint" | "delivery" | "replay" | "event_clock",
	change: string,
][] = [
	["endpoint_events", "endpoint", "events = '{}'"],
	["endpoint_schedule", "endpoint", "schedule_s = '{}'"],
	["endpoint_rate", "endpoint", "rate_per_s = 0"],
	["endpoint_concurrency", "endpoint", "concurrency = 0"],
	["endpoint_concurrency", "endpoint", "concurrency = 101"],
	[
		"endpoint_disabled_reason",
		"endpoint",
		"disabled_at = now(), disabled_reason = 'mood'",
	],
	["endpoint_disabled_at", "endpoint", "disabled_at = now()"],
	["endpoint_failing", "endpoint", "failure_streak = 1"],
	["endpoint_ordered", "endpoint", "ordered = true"],
	[
		"delivery_state_known",
		"delivery",
		"state = 'lost', due_at = null, finished_at = now()",
	],
	["delivery_due_state", "delivery", "due_at = null"],
	[
		"delivery_due_state",
		"delivery",
		"state = 'delivered', finished_at = now()",
	],
	["delivery_finished_state", "delivery", "finished_at = now()"],
	["delivery_finished_state", "delivery", "state = 'exhausted', due_at = null"],
	[
		"delivery_finished_state",
		"delivery",
		"state = 'held', due_at = null, finished_at = now()",
	],
	["delivery_round", "delivery", "round_from = attempts + 1"],
	["replay_state_known", "replay", "state = 'lost', finished_at = now()"],
	["replay_finished_state", "replay", "state = 'finished'"],
	["replay_times", "replay", "until = since"],
	["event_clock_single", "event_clock", "id = false"],
];
