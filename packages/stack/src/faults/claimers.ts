import { setTimeout as delay } from "node:timers/promises";
import { findAction } from "@reelay/shared/domain/actions/registry";
import { signCallbackToken } from "@reelay/shared/signing/capability";
import { parseKeyring } from "@reelay/shared/signing/keyring";
import type { ClaimedSubmission } from "@reelay/shared/store/claim";
import { openDatabase } from "@reelay/shared/store/database";
import { doubtSubmission } from "@reelay/shared/store/submissions";
import { claimOne } from "@reelay/shared/testing/claims";
import type { FaultStage } from "./stage.ts";

/** What a claimer does after a claim: waits for the answer, or dies before or after the bytes are sent. */
type Fate = "answered" | "diesBeforeSending" | "diesAfterSending";

export type Claimers = {
	/** How many claims each fate has had. */
	counts: Record<Fate, number>;
	/** Claims no more, and waits until no call is under way. */
	stop(): Promise<void>;
};

const pollMs = 400;

/**
 * So many loops that claim and POST to the provider as workers do, and that often die: after a claim nothing is recorded,
 * and the loop comes back under another name. Answers are left to the callbacks; the stage's own worker sweeps.
 */
export async function startClaimers(
	stage: FaultStage,
	count: number,
): Promise<Claimers> {
	const database = await openDatabase({
		url: stage.stack.databaseUrl,
		applicationName: "reelay-claimers",
		poolSize: 24,
	});
	const counts = { answered: 0, diesBeforeSending: 0, diesAfterSending: 0 };
	let claims = 0;
	let stopping = false;
	/** By turns, so that a run does the same as another. A death before sending holds its slot for the rest of the run. */
	const nextFate = (): Fate => {
		claims += 1;
		if (claims % 40 === 0) return "diesBeforeSending";
		return claims % 5 === 0 ? "diesAfterSending" : "answered";
	};
	async function runClaimer(name: string): Promise<void> {
		for (let lives = 1; !stopping; ) {
			const claimed = await claimOne(database.db, `claimer-${name}-${lives}`);
			if (claimed === null) {
				await delay(pollMs * (0.5 + Math.random()));
				continue;
			}
			const fate = nextFate();
			counts[fate] += 1;
			if (fate !== "answered") lives += 1;
			if (fate === "diesBeforeSending") continue;
			const answer = send(stage, claimed);
			if (fate === "diesAfterSending") continue;
			await answer;
			// Nothing is left to say when the callback was faster.
			const doubt = { reason: "the answer was not read", httpStatus: null };
			await doubtSubmission(database.db, {
				submissionId: claimed.id,
				...doubt,
			});
		}
	}
	const running = Promise.all(
		Array.from({ length: count }, (_, n) => runClaimer(String(n))),
	);
	running.catch(() => {});
	return {
		counts,
		async stop() {
			stopping = true;
			await running.finally(() => database.close());
		},
	};
}

async function send(
	stage: FaultStage,
	{ id, action: name, input }: ClaimedSubmission,
): Promise<void> {
	const { secrets } = stage.stack;
	const action = findAction(name);
	if (action === null) throw new Error(`there is no action ${name}`);
	const token = signCallbackToken(id, parseKeyring(secrets.CALLBACK_KEYS));
	const callbackUrl = `${stage.receiverUrl}/callbacks/see2ai/${token}`;
	const response = await fetch(`${stage.simulatorUrl}${action.path}`, {
		method: "POST",
		headers: {
			authorization: "Bearer sk-claimer",
			"content-type": "application/json",
		},
		body: JSON.stringify(action.buildRequest(input, callbackUrl)),
	});
	await response.text();
}
