/**
 * What can go wrong with an answer. `taken` says whether the task is started
 * (and so rendered, charged on success and called back) although the answer does
 * not say so; a behaviour's `taken` overrides it.
 */
export const faults = {
	http_400: { taken: false, summary: "400 {detail}: bad parameters" },
	http_401_key: { taken: false, summary: "401 {detail}: the key is invalid" },
	http_401_balance: {
		taken: false,
		summary: "401 {detail} that speaks of an empty balance",
	},
	http_402: { taken: false, summary: "402 {detail}: the balance is exhausted" },
	http_403: { taken: false, summary: "403 {error:{message}}" },
	http_404: { taken: false, summary: '404 {detail:"Not Found"}' },
	http_413: { taken: false, summary: "413 {message}" },
	http_422: { taken: false, summary: "422 with FastAPI's list of details" },
	http_422_repair: {
		taken: false,
		summary:
			"422 needs_repair with issues, repair_options and minimal_runnable_payload",
	},
	http_429: {
		taken: false,
		summary: "429 {detail}; Retry-After as retry_after says",
	},
	http_500: { taken: false, summary: "500 {error:{message}}" },
	http_502: { taken: false, summary: "502 with an HTML page of a gateway" },
	http_503: { taken: false, summary: "503 {message}" },
	http_504_taken: { taken: true, summary: "504 although the task goes on" },
	http_504_not_taken: { taken: false, summary: "504 and there is no task" },
	code_in_200: {
		taken: false,
		summary: "HTTP 200 whose body has code 500 (fail.code)",
	},
	html_200: { taken: true, summary: "HTTP 200 with an HTML page" },
	truncated_json: { taken: true, summary: "HTTP 200 with half of its JSON" },
	huge_body: { taken: true, summary: "HTTP 200 with a JSON body of 10 MB" },
	no_id: { taken: true, summary: "HTTP 200, running, without a task_id" },
	no_state: { taken: true, summary: "HTTP 200 with a task_id and no state" },
	redirect_307: {
		taken: false,
		summary:
			"307 to location (default: this action again, answered without this fault)",
	},
	hang: { taken: true, summary: "never answers" },
	reset_before_read: {
		taken: false,
		summary: "the socket is reset before the request is acted on",
	},
	reset_after_taken: {
		taken: true,
		summary: "the task is started, then the socket is reset unanswered",
	},
	cut_answer: {
		taken: true,
		summary: "HTTP 200, half of the promised bytes, then the socket closes",
	},
	slow_answer: {
		taken: true,
		summary: "the right answer, dripped as drip says",
	},
	task_failed: {
		taken: true,
		summary: "the render fails: state fail in the answer and the callback",
	},
	custom: { taken: false, summary: "answers what custom says" },
} as const satisfies Record<string, { taken: boolean; summary: string }>;

export type FaultName = keyof typeof faults;

export const faultNames = Object.keys(faults) as [FaultName, ...FaultName[]];
