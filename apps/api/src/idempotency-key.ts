import { idempotencyKeySchema } from "@reelay/shared/contracts/job-api";
import type { Request } from "express";
import { problemFor } from "./problem.ts";

/** The header `Idempotency-Key`, or null when there is none; a problem when it is not one. */
export function idempotencyKeyOf(req: Request): string | null {
	const header = req.get("idempotency-key");
	if (header === undefined) return null;
	const key = idempotencyKeySchema.safeParse(header);
	if (key.success) return key.data;
	const message =
		"The Idempotency-Key must be 1 to 255 printable ASCII characters.";
	throw problemFor("invalid_request", {
		detail: message,
		errors: [{ header: "Idempotency-Key", code: "invalid_format", message }],
	});
}
