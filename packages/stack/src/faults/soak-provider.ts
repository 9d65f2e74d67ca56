/** How the provider behaves in a soak: for each job one of these ways, most of them good. */
type Way = {
	name: string;
	weight: number;
	behaviour: Record<string, unknown>;
	/** So many POSTs of the job meet it, the later ones a provider on a good day; all of them when it is absent. */
	times?: number;
	/** No callback of a task that was started will end it: there is none, or it cannot be read. */
	isMute?: true;
};

const lose = { callback: { lose: true } };

export const ways: readonly Way[] = [
	{ name: "plain", weight: 30, behaviour: {} },
	{ name: "answer_only", weight: 8, behaviour: lose, isMute: true },
	{ name: "callback_only", weight: 10, behaviour: { answer: "immediate" } },
	{ name: "failure", weight: 5, behaviour: { fault: "task_failed" } },
	...["http_500", "http_502", "http_503"].map((fault, index) => ({
		name: fault,
		weight: 2,
		behaviour: { fault },
		// The last one is an error at each of its three submissions.
		times: index + 1,
	})),
	{
		name: "rate_limited",
		weight: 3,
		behaviour: { fault: "http_429", retry_after: 1 },
		times: 1,
	},
	{ name: "gateway_taken", weight: 5, behaviour: { fault: "http_504_taken" } },
	{
		name: "gateway_untaken",
		weight: 2,
		behaviour: { fault: "http_504_not_taken" },
		times: 1,
	},
	{ name: "reset", weight: 5, behaviour: { fault: "reset_after_taken" } },
	{
		name: "reset_untaken",
		weight: 2,
		behaviour: { fault: "reset_before_read" },
		times: 1,
	},
	{
		name: "vanished",
		weight: 2,
		behaviour: { fault: "reset_after_taken", ...lose },
		isMute: true,
	},
	{
		name: "forgotten",
		weight: 1,
		behaviour: { answer: "immediate", ...lose },
		isMute: true,
	},
	{ name: "hang", weight: 2, behaviour: { fault: "hang" } },
	{ name: "cut", weight: 2, behaviour: { fault: "cut_answer" } },
	{ name: "half_json", weight: 2, behaviour: { fault: "truncated_json" } },
	{ name: "html", weight: 1, behaviour: { fault: "html_200" } },
	{
		name: "late",
		weight: 5,
		behaviour: { answer: "immediate", callback: { delay_ms: 12_000 } },
	},
	{
		name: "late_again",
		weight: 3,
		behaviour: { callback: { delay_ms: 8_000 } },
	},
	{ name: "early", weight: 3, behaviour: { callback: { early: true } } },
	{ name: "doubled", weight: 5, behaviour: { callback: { duplicates: 3 } } },
	{
		name: "truncated",
		weight: 3,
		behaviour: { callback: { malformed: "truncated" } },
		isMute: true,
	},
	{
		name: "progress",
		weight: 3,
		behaviour: {
			callback: {
				progress: ["queued", "generating"],
				after_terminal_progress: true,
			},
		},
	},
];

const muteWays = new Set(
	ways.filter(({ isMute }) => isMute).map(({ name }) => name),
);

/** What the prompt of the n-th job says of itself; no other job's prompt contains it. */
export function labelOf(n: number, way: Way): string {
	return `soak ${n} ${way.name}.`;
}

/** Whether no callback for a POST with this prompt will end its submission. */
export function isMute(prompt: string | null): boolean {
	const [, name = ""] = /soak \d+ (\w+)\./.exec(prompt ?? "") ?? [];
	return muteWays.has(name);
}

/** The end of a prompt that asks every POST of it for this behaviour. */
export function markerOf(behaviour: Record<string, unknown>): string {
	return `[[sim: ${JSON.stringify(behaviour)}]]`;
}
