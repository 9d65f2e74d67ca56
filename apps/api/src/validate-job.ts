import {
	type CreateJobBody,
	createJobSchema,
} from "@reelay/shared/contracts/job-api";
import type { Action, JsonObject } from "@reelay/shared/domain/actions/action";
import {
	actions,
	defaultActionName,
	findAction,
} from "@reelay/shared/domain/actions/registry";
import { suggest } from "@reelay/shared/domain/suggest";
import type { Violation } from "@reelay/shared/domain/violation";
import { isPublicHost } from "@reelay/shared/runtime/address";
import { findUnstorable, violationsOf } from "./parse.ts";

/** A request that breaks no rule, with the input as the provider will get it. */
export type ValidJob = {
	body: CreateJobBody;
	action: Action;
	input: JsonObject;
	warnings: Violation[];
};
export type Validation =
	| { ok: true; job: ValidJob }
	| { ok: false; violations: Violation[] };

/** `null` when the URL may be called, else the sentence that says what to change. */
export type UrlCheck = (url: string) => string | null;

/** Checks the whole request and reports every mistake at once; nothing is written and no money is at stake yet. */
export function validateJob(raw: unknown, checkUrl: UrlCheck): Validation {
	const unstorable = findUnstorable(raw);
	if (unstorable !== null) return refused(unstorable);
	if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
		return refused({
			pointer: "",
			code: "invalid_type",
			message: "Send a JSON object with an input.",
		});
	}
	const parsed = createJobSchema.safeParse(raw);
	const fields = raw as {
		action?: unknown;
		input?: unknown;
		metadata?: unknown;
	};
	const violations = parsed.success
		? checkWebhookUrl(parsed.data, checkUrl)
		: violationsOf(parsed.error, Object.keys(createJobSchema.shape));
	violations.push(...findLostMetadata(fields.metadata));
	const action = findRequestedAction(fields.action, violations);
	const input = action?.parseInput(fields.input, { isPublicHost });
	if (input !== undefined && !input.ok) {
		violations.push(...input.violations.map(underInput));
	}
	if (!parsed.success || action === null || !input?.ok || violations.length > 0)
		return { ok: false, violations };
	return {
		ok: true,
		job: {
			body: parsed.data,
			action,
			input: input.input,
			warnings: input.warnings.map(underInput),
		},
	};
}

function checkWebhookUrl(body: CreateJobBody, checkUrl: UrlCheck): Violation[] {
	const url = body.webhook_url ?? null;
	const message = url === null ? null : checkUrl(url);
	if (message === null) return [];
	return [{ pointer: "/webhook_url", code: "invalid_url", message }];
}

/** zod leaves this one name out of a record without a word, and what was accepted would not be what was sent. */
function findLostMetadata(metadata: unknown): Violation[] {
	if (typeof metadata !== "object" || metadata === null) return [];
	if (!Object.hasOwn(metadata, "__proto__")) return [];
	const message = "Choose another name: __proto__ cannot be kept.";
	return [{ pointer: "/metadata/__proto__", code: "invalid_key", message }];
}

/** Adds a violation and returns null when the request names an action that there is not. */
function findRequestedAction(
	name: unknown,
	violations: Violation[],
): Action | null {
	const wanted = name ?? defaultActionName;
	if (typeof wanted !== "string") return null;
	const action = findAction(wanted);
	if (action !== null) return action;
	const suggestion = suggest(wanted, [...actions.keys()]);
	violations.push({
		pointer: "/action",
		code: "unknown_action",
		message: `There is no action of this name; there is ${[...actions.keys()].join(", ")}.`,
		...(suggestion === null ? {} : { suggestion }),
	});
	return null;
}

function underInput(violation: Violation): Violation {
	return { ...violation, pointer: `/input${violation.pointer}` };
}

function refused(violation: Violation): Validation {
	return { ok: false, violations: [violation] };
}
