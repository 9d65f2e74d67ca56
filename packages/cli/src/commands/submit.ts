import { readFile } from "node:fs/promises";
import type { CreateJob } from "@reelay/client";
import type { Command, Context, Flags } from "../command.ts";
import { exitCodes, UsageError } from "../exit-code.ts";
import { followJob } from "../follow-job.ts";
import { showJob } from "../show-job.ts";

/** `reelay submit`: accepts a job, and with --wait follows it. */
export const submit: Command = {
	name: "submit",
	takes: "[prompt]",
	arity: { min: 0, max: 1 },
	summary: "Submits a job",
	details: [
		"--input reads the provider's fields, or a whole request with `input` in it, from a file or from - (standard input);",
		"the flags come on top of it. The id is told as soon as the job is accepted, so nothing is lost by leaving.",
	],
	flags: {
		input: { type: "string", value: "FILE|-", help: "the request as JSON" },
		duration: { type: "string", value: "S", help: "3 to 15 seconds" },
		"aspect-ratio": { type: "string", value: "W:H", help: "16:9, 9:16 or 1:1" },
		mode: { type: "string", value: "MODE", help: "std or pro" },
		sound: { type: "boolean", help: "with sound" },
		image: {
			type: "string",
			multiple: true,
			value: "URL",
			help: "the first frame, or the first and the last",
		},
		"webhook-url": {
			type: "string",
			value: "URL",
			help: "gets the final event",
		},
		"external-id": { type: "string", value: "ID", help: "your own id" },
		tag: {
			type: "string",
			multiple: true,
			value: "WORD",
			help: "kept with the job",
		},
		metadata: {
			type: "string",
			multiple: true,
			value: "KEY=VALUE",
			help: "kept with the job",
		},
		priority: { type: "string", value: "CLASS", help: "high, normal or low" },
		"on-unknown": {
			type: "string",
			value: "POLICY",
			help: "hold, fail or resubmit_once",
		},
		"idempotency-key": {
			type: "string",
			value: "KEY",
			help: "the same key gives the same job for 24 hours",
		},
		wait: { type: "boolean", short: "w", help: "follow the job to its end" },
		timeout: { type: "string", value: "S", help: "how long to wait" },
	},
	async run(context) {
		const { terminal, isJson, signal, flags } = context;
		// Before anything costs money.
		flags.number("timeout");
		const body = await readRequest(context);
		const job = await context.reelay().jobs.create(body, {
			signal,
			idempotencyKey: flags.text("idempotency-key"),
		});
		if (flags.isSet("wait")) {
			terminal.note(`The job is ${job.id}.`);
			return followJob(context, job.id);
		}
		if (isJson) terminal.out(JSON.stringify(job));
		else {
			showJob(terminal, job);
			terminal.note(`Follow it with: reelay watch ${job.id}`);
		}
		return exitCodes.ok;
	},
};

async function readRequest(context: Context): Promise<CreateJob> {
	const { args, flags } = context;
	const given = await readGiven(context);
	const input = {
		...(given.input as object | undefined),
		...withoutUndefined({
			prompt: args[0],
			duration: flags.text("duration"),
			aspect_ratio: flags.text("aspect-ratio"),
			mode: flags.text("mode"),
			sound: flags.isSet("sound") ? true : undefined,
			image_urls: listOrNone(flags, "image"),
		}),
	};
	if (Object.keys(input).length === 0) {
		throw new UsageError(
			'Say what the video shows: reelay submit "A paper boat", or --input FILE.',
		);
	}
	// Which words and numbers are allowed is the API's to say; it names every mistake at once.
	return {
		...given,
		...withoutUndefined({
			webhook_url: flags.text("webhook-url"),
			external_id: flags.text("external-id"),
			tags: listOrNone(flags, "tag"),
			metadata: metadataOf(flags),
			priority: flags.text("priority"),
			on_unknown: flags.text("on-unknown"),
		}),
		input,
	} as CreateJob;
}

async function readGiven({
	flags,
	readInput,
}: Context): Promise<Record<string, unknown>> {
	const source = flags.text("input");
	if (source === undefined) return {};
	const text = source === "-" ? await readInput() : await readText(source);
	const value = parse(text, source);
	return "input" in value ? value : { input: value };
}

async function readText(file: string): Promise<string> {
	try {
		return await readFile(file, "utf8");
	} catch (error) {
		throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
	}
}

function parse(text: string, source: string): Record<string, unknown> {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === "object" && value !== null && !Array.isArray(value)) {
			return value as Record<string, unknown>;
		}
	} catch {
		// Told below, as what is JSON but no object.
	}
	throw new UsageError(`${source} does not hold a JSON object.`);
}

function listOrNone(flags: Flags, name: string): string[] | undefined {
	const list = flags.list(name);
	return list.length === 0 ? undefined : list;
}

function metadataOf(flags: Flags): Record<string, string> | undefined {
	const entries = flags.list("metadata").map((pair): [string, string] => {
		const at = pair.indexOf("=");
		if (at < 1) throw new UsageError("--metadata is KEY=VALUE.");
		return [pair.slice(0, at), pair.slice(at + 1)];
	});
	return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function withoutUndefined(record: Record<string, unknown>): object {
	return Object.fromEntries(
		Object.entries(record).filter(([, value]) => value !== undefined),
	);
}
