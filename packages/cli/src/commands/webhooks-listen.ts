import {
	createWebhookSecret,
	type ReelayEvent,
	signWebhook,
} from "@reelay/client";
import type { Command, Context } from "../command.ts";
import { exitCodes, UsageError } from "../exit-code.ts";

// As long as a delivery waits.
const postTimeoutMs = 15_000;

/** What came of handing one event on. */
type Handed = { status: number | null; error: string | null; ms: number };

/** `reelay webhooks listen`: hands every event on to a URL of this machine, signed, as a delivery would. */
export const webhooksListen: Command = {
	name: "webhooks listen",
	takes: "",
	arity: { min: 0, max: 0 },
	summary: "Hands events on to a URL of this machine, signed",
	details: [
		"Follows the feed, so that no address of yours need be reachable, and posts each event as a delivery would: once, in",
		"order, signed with a secret that it prints. What tells of a job on its way is in the feed only while an endpoint asks",
		"for it. Ctrl-C ends it, and says how to go on behind the last event.",
	],
	flags: {
		to: { type: "string", value: "URL", help: "http://localhost:4000/reelay" },
		types: {
			type: "string",
			multiple: true,
			value: "TYPE",
			help: "video.*, or types with commas; all if not said",
		},
		after: {
			type: "string",
			value: "ID",
			help: "begin behind this event; with the present if not said",
		},
		secret: {
			type: "string",
			value: "whsec_…",
			help: "the secret to sign with (WEBHOOK_SECRET); one is made if not said",
		},
		count: { type: "string", value: "N", help: "end after so many events" },
	},
	async run(context) {
		const { terminal, isJson, signal, flags } = context;
		const to = readTarget(flags.text("to"));
		const { secret, source } = readSecret(context);
		const most = flags.number("count", 1) ?? Number.POSITIVE_INFINITY;
		const types = flags.list("types").flatMap((word) => word.split(","));
		let place = flags.text("after") ?? "now";
		const events = context.reelay().events.stream({
			signal,
			after: place,
			outageMs: Number.POSITIVE_INFINITY,
			...(types.length === 0 ? {} : { types }),
		});
		terminal.note(`Events go to ${to}, signed with ${source ?? secret}`);
		let count = 0;
		try {
			for await (const event of events) {
				const handed = await handOn(event, { to, secret });
				place = event.id;
				if (isJson) terminal.out(JSON.stringify(lineOf(event, handed)));
				else show(context, event, handed);
				count += 1;
				if (count >= most) return exitCodes.ok;
			}
		} catch (error) {
			terminal.note(
				`Go on with: reelay webhooks listen --to ${to} --after ${place}`,
			);
			throw error;
		}
		return exitCodes.ok;
	},
};

function readTarget(to: string | undefined): string {
	if (to !== undefined && URL.canParse(to) && /^https?:/.test(to)) return to;
	throw new UsageError("Say where to: --to http://localhost:4000/reelay.");
}

/** A secret of theirs is named by where it is from; only one that was made here is shown. */
function readSecret({ flags, settings }: Context): {
	secret: string;
	source: string | null;
} {
	const given = flags.text("secret");
	const secret = given ?? settings.webhookSecret ?? createWebhookSecret();
	try {
		signWebhook({ body: "", secret });
	} catch {
		throw new UsageError("--secret must be a whsec_ secret, whole.");
	}
	if (given !== undefined) return { secret, source: "--secret" };
	const isSet = settings.webhookSecret !== null;
	return { secret, source: isSet ? "WEBHOOK_SECRET" : null };
}

/** One attempt, as a delivery makes it: a redirect is not followed, and 2xx is success. */
async function handOn(
	{ id, type, timestamp, data }: ReelayEvent,
	{ to, secret }: { to: string; secret: string },
): Promise<Handed> {
	const body = JSON.stringify({ type, timestamp, data });
	const startedAt = performance.now();
	const ms = () => Math.round(performance.now() - startedAt);
	try {
		const answer = await fetch(to, {
			method: "POST",
			headers: {
				"content-type": "application/json",
				...signWebhook({ id, body, secret }),
			},
			body,
			redirect: "manual",
			signal: AbortSignal.timeout(postTimeoutMs),
		});
		await answer.body?.cancel();
		return { status: answer.status, error: null, ms: ms() };
	} catch (error) {
		const { name, message, cause } = error as Error & {
			cause?: { code?: string };
		};
		const isLate = name === "TimeoutError";
		const reason = isLate ? "no answer in 15 s" : (cause?.code ?? message);
		return { status: null, error: reason, ms: ms() };
	}
}

function isTaken({ status }: Handed): boolean {
	return status !== null && status >= 200 && status < 300;
}

function lineOf(event: ReelayEvent, handed: Handed): object {
	const { id, type } = event;
	return {
		id,
		type,
		job_id: jobIdOf(event),
		...handed,
		taken: isTaken(handed),
	};
}

function show({ terminal }: Context, event: ReelayEvent, handed: Handed): void {
	const { status, error, ms } = handed;
	const answer = terminal.style(
		isTaken(handed) ? "green" : "red",
		String(status ?? error),
	);
	terminal.out(
		`${answer}  ${ms} ms  ${event.type}  ${jobIdOf(event) ?? ""}  ${event.id}`,
	);
}

function jobIdOf({ data }: ReelayEvent): string | null {
	return "id" in data && typeof data.id === "string" ? data.id : null;
}
