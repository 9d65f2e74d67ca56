import { readFile } from "node:fs/promises";
import { z } from "zod";
import { isMissing } from "./spool-tries.ts";

export type SpooledCallback = {
	/** The provider's name, by which its parser is found again. */
	provider: string;
	submissionId: string;
	/** SHA-256 of the body as it was received, so that a duplicate is still told from a new report. */
	bodySha: Buffer;
	body: string;
};

const fileSchema = z.object({
	v: z.literal(1),
	provider: z.string().min(1),
	submission_id: z.string().min(1),
	body_sha: z.base64(),
	body: z.string(),
});

/** A callback as the text of its file. */
export function encodeSpooled(callback: SpooledCallback): string {
	return JSON.stringify({
		v: 1,
		provider: callback.provider,
		submission_id: callback.submissionId,
		body_sha: callback.bodySha.toString("base64"),
		body: callback.body,
	});
}

/** The callback in a file; `gone` when another receiver that drains the same folder was faster. */
export async function decodeSpooled(
	file: string,
): Promise<SpooledCallback | "gone" | "unreadable"> {
	let text: string;
	try {
		text = await readFile(file, "utf8");
	} catch (error) {
		if (isMissing(error)) return "gone";
		throw error;
	}
	const parsed = fileSchema.safeParse(parseOrNull(text));
	if (!parsed.success) return "unreadable";
	return {
		provider: parsed.data.provider,
		submissionId: parsed.data.submission_id,
		bodySha: Buffer.from(parsed.data.body_sha, "base64"),
		body: parsed.data.body,
	};
}

function parseOrNull(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}
