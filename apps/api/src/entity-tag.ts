import { createHash } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";

/** A strong tag of these bytes: it changes whenever they do. */
export function entityTag(text: string): string {
	return `"${createHash("sha256").update(text).digest("base64url")}"`;
}

/**
 * Whether `If-None-Match` names this tag, or any. Express's own answer is no to whoever also sends `Cache-Control:
 * no-cache`, as every `fetch` does that sets the header; but that is said to caches on the way, and we are none.
 */
export function isUnchanged(header: string | undefined, tag: string): boolean {
	if (header === undefined) return false;
	if (header.trim() === "*") return true;
	const names = header.split(",").map((name) => name.trim());
	return names.some((name) => name.replace(/^W\//, "") === tag);
}

/** Serves a text that does not change while the process runs; whoever has it is told so. */
export function serveText(
	mediaType: string,
	text: string,
	headers: Readonly<Record<string, string>> = {},
): RequestHandler {
	const tag = entityTag(text);
	return (req, res) => {
		res.set(headers);
		sendUnlessKnown({ mediaType, text, tag }, { req, res });
	};
}

/** Sends JSON with its tag, or a 304 to whoever has it. */
export function sendTagged(
	text: string,
	exchange: { req: Request; res: Response },
): void {
	const tag = entityTag(text);
	sendUnlessKnown({ mediaType: "application/json", text, tag }, exchange);
}

function sendUnlessKnown(
	{ mediaType, text, tag }: Record<"mediaType" | "text" | "tag", string>,
	{ req, res }: { req: Request; res: Response },
): void {
	res.set({ "Cache-Control": "no-cache", ETag: tag });
	if (isUnchanged(req.get("if-none-match"), tag)) res.status(304).end();
	else res.type(mediaType).send(text);
}
