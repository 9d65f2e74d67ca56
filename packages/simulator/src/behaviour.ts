import { z } from "zod";
import { callbackShapeNames } from "./callback-shapes.ts";
import { faultNames, faults } from "./faults.ts";
import { malformedNames } from "./malformed.ts";

const ms = z.number().int().min(0).max(86_400_000);
const drip = z.strictObject({
	bytes: z.number().int().min(1).max(1_000_000),
	every_ms: ms,
});

const retryAfter = z
	.union([
		z.number().int().min(0).max(86_400),
		z.enum(["http-date", "absent", "absurd"]),
		z.strictObject({ http_date_in_s: z.number().min(-86_400).max(86_400) }),
		z.strictObject({ raw: z.string().max(200) }),
	])
	.describe(
		'Retry-After of a scripted 429: seconds, "http-date" (2 s ahead), "absent", "absurd" (99999999999), {http_date_in_s}, {raw}',
	);

const callbackSchema = z.strictObject({
	shape: z.enum(callbackShapeNames).describe("the form of the body"),
	snake_ids: z
		.boolean()
		.describe("shapes other than A say task_id, not taskId"),
	lose: z.boolean().describe("the final callback is never sent"),
	duplicates: z
		.number()
		.int()
		.min(0)
		.max(1000)
		.describe("further copies, sent at the same time"),
	delay_ms: ms.describe("how long after the render the final callback is sent"),
	early: z
		.boolean()
		.describe(
			"the render ends at once and its callback is answered before the POST is",
		),
	order: z
		.enum(["before", "after"])
		.describe("blocking only: sent just before or just after the answer"),
	contradict: z
		.enum(["success_then_fail", "fail_then_success"])
		.nullable()
		.describe("two final callbacks that disagree; money follows the fault"),
	gap_ms: ms.describe("between a final callback and what follows it"),
	malformed: z
		.enum(malformedNames)
		.nullable()
		.describe("the final callback's body is broken in this way"),
	progress: z
		.array(z.string().max(50))
		.max(50)
		.describe("states called back during the render, evenly spread"),
	progress_with_urls: z
		.boolean()
		.describe("progress bodies already show result URLs (a known trap)"),
	after_terminal_progress: z
		.boolean()
		.describe("a generating callback follows the final one"),
	max_attempts: z
		.number()
		.int()
		.min(1)
		.max(20)
		.describe("tries of a final callback that is not answered 2xx"),
	retry_delay_ms: ms.describe(
		"before the second try; doubles for each further",
	),
	timeout_ms: ms.min(1).describe("how long one try waits for its answer"),
	slow_body: drip.nullable().describe("the body is dripped"),
	half_sent: z
		.boolean()
		.describe("half of the promised body is sent, then the socket closes"),
	content_type: z.string().max(200),
	pad_bytes: z
		.number()
		.int()
		.min(0)
		.max(100_000_000)
		.describe("spaces added after the body"),
});

const behaviourSchema = z.strictObject({
	answer: z.enum(["blocking", "immediate"]).describe("when the POST answers"),
	answer_delay_ms: ms.describe("added before any answer"),
	render_ms: ms.describe("how long a render takes"),
	fault: z.enum(faultNames).nullable(),
	taken: z
		.boolean()
		.nullable()
		.describe("overrides whether the fault's task is started"),
	message: z.string().max(2000).nullable().describe("the error's text"),
	retry_after: retryAfter,
	location: z.string().max(2048).nullable().describe("of redirect_307"),
	drip: drip.describe("pace of slow_answer"),
	fail: z
		.strictObject({ code: z.string().max(50), message: z.string().max(2000) })
		.describe("failCode and failMsg of a failed render"),
	state_key: z
		.enum(["state", "status"])
		.describe("the name of the state field in A"),
	state_words: z
		.strictObject({
			success: z.string(),
			fail: z.string(),
			running: z.string(),
		})
		.partial()
		.describe('other words for the states, such as {"success":"SUCCEEDED"}'),
	custom: z
		.strictObject({
			status: z.number().int().min(200).max(599),
			headers: z.record(z.string(), z.string()).default({}),
			body: z.union([z.string(), z.record(z.string(), z.unknown())]),
		})
		.nullable()
		.describe("the answer of the fault custom"),
	callback: callbackSchema,
});

export type Behaviour = z.infer<typeof behaviourSchema>;
export type CallbackBehaviour = Behaviour["callback"];

export const behaviourPatchSchema = behaviourSchema
	.partial()
	.extend({ callback: callbackSchema.partial().optional() });

export type BehaviourPatch = z.infer<typeof behaviourPatchSchema>;

/** The provider on a good day. */
export const faithful: Behaviour = {
	answer: "blocking",
	answer_delay_ms: 0,
	render_ms: 2000,
	fault: null,
	taken: null,
	message: null,
	retry_after: 1,
	location: null,
	drip: { bytes: 16, every_ms: 20 },
	fail: { code: "500", message: "Internal server error" },
	state_key: "state",
	state_words: {},
	custom: null,
	callback: {
		shape: "A",
		snake_ids: false,
		lose: false,
		duplicates: 0,
		delay_ms: 0,
		early: false,
		order: "before",
		contradict: null,
		gap_ms: 50,
		malformed: null,
		progress: [],
		progress_with_urls: false,
		after_terminal_progress: false,
		max_attempts: 3,
		retry_delay_ms: 200,
		timeout_ms: 15_000,
		slow_body: null,
		half_sent: false,
		content_type: "application/json",
		pad_bytes: 0,
	},
};

/** Lays patches over a behaviour, the last one on top, the callback field by field. */
export function mergeBehaviour(
	base: Behaviour,
	...patches: readonly BehaviourPatch[]
): Behaviour {
	let merged = base;
	for (const { callback, ...rest } of patches)
		merged = {
			...merged,
			...definedOf(rest),
			callback: { ...merged.callback, ...definedOf(callback ?? {}) },
		};
	return merged;
}

/** Whether a request with this behaviour starts a task. */
export function isTaken(behaviour: Behaviour): boolean {
	if (behaviour.fault === null) return true;
	return behaviour.taken ?? faults[behaviour.fault].taken;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function definedOf<T extends object>(patch: T): Defined<T> {
	return Object.fromEntries(
		Object.entries(patch).filter(([, value]) => value !== undefined),
	) as Defined<T>;
}
